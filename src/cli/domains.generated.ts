// Made from the folders of src/reconcilers by `npm run generate`. Do not edit.
import type { AnyReconciler } from '../core/reconciler.ts'

/** Every domain by its kind, loaded when it is first asked for. */
export const domains: Readonly<Record<string, () => Promise<AnyReconciler>>> = Object.freeze({
  FunctionSet: () => import('../reconcilers/function-set/index.ts').then((m) => m.reconciler),
  Process: () => import('../reconcilers/process/index.ts').then((m) => m.reconciler),
  ScriptSet: () => import('../reconcilers/script-set/index.ts').then((m) => m.reconciler),
  Workflow: () => import('../reconcilers/workflow/index.ts').then((m) => m.reconciler),
})
