/** The variables that hold a vendor's token where the Fleet names none, in this order. */
export const tokenVariables = Object.freeze({
  github: ['GITHUB_TOKEN', 'GH_TOKEN'],
  netlify: ['NETLIFY_AUTH_TOKEN'],
})

/** The variables that hold what a git server, and who signs its calls, is shown where the Fleet names nothing. */
export const sourceVariables = Object.freeze({
  token: 'RECONCILE_GIT_TOKEN',
  hookSecret: 'RECONCILE_WEBHOOK_SECRET',
})
