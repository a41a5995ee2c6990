/** Says to a controller that PM2 keeps it, and to us whose it is: the state that it acts on. */
export const supervisedVariable = 'RECONCILE_SUPERVISED_STATE'
