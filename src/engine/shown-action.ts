import type { Action } from '../core/action.ts'
import { shownChange } from '../core/secrecy.ts'

/** Without the values of literals that look like secrets, whatever a domain made of them. */
export function shownAction(action: Action): Action {
  const changes = action.changes.map(shownChange)
  return changes.some((change, index) => change !== action.changes[index]) ? { ...action, changes } : action
}
