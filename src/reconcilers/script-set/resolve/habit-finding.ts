import { assertNever } from '../../../core/assert-never.ts'
import type { Habit } from '../shell/call.ts'
import type { ScriptFinding } from './finding.ts'

/** What is to be said of a way of writing a command. */
export function findingOfHabit(habit: Habit): Omit<ScriptFinding, 'script'> {
  switch (habit.type) {
    case 'masks':
      return {
        code: 'MasksFailure',
        message: `\`${habit.text}\` cannot fail: \`${habit.by}\` hides its exit code`,
      }
    case 'ignores':
      return {
        code: 'HidesFailure',
        message: `goes on with \`${habit.next}\` whether or not \`${habit.text}\` failed`,
      }
    case 'background':
      return {
        code: 'LeavesBackground',
        message: `\`${habit.text}\` runs on in the background, and nobody learns how it ends`,
      }
    case 'bash-only':
      return {
        code: 'BashOnly',
        message: `uses ${habit.what}, which bash knows and sh, which npm runs it with, may not`,
      }
    case 'pipes-to-shell':
      return { code: 'Dangerous', message: `\`${habit.text}\` runs what a server sends` }
    default:
      return assertNever(habit)
  }
}
