import { assertNever } from '../../core/assert-never.ts'
import type { Position } from '../../core/diagnostic.ts'
import type { ResourceId } from '../../core/resource.ts'
import { quoted } from '../../core/shell-word.ts'

/** How a fleet is reached from where its report is read, and what runs there: what every command to type depends on. */
export interface Surroundings {
  /** What names the fleet on a command line, such as `--env production`; empty: the defaults do. */
  readonly fleetFlags: readonly string[]
  /** Undefined: none lives. */
  readonly controller: { readonly pid: number; readonly isInBackground: boolean } | undefined
  readonly pm2: {
    /** PM2_HOME of the fleet; undefined: PM2's own default. */
    readonly home: string | undefined
    /** How PM2's command is called: `pm2`, or what stands for it where none is on PATH. */
    readonly program: readonly string[]
  }
  /** The variables that hold the vendors' tokens. */
  readonly tokens: { readonly github: string; readonly netlify: string }
  readonly workingDirectory: string
  /** Where a field of a resource stands, in the base or in an overlay; else where what is above it begins. */
  readonly placeOf: (id: ResourceId, path: readonly string[]) => Position | undefined
}

/** Something to type. */
export type Command =
  | { readonly type: 'reconcile'; readonly args: readonly string[] }
  | { readonly type: 'pm2'; readonly args: readonly string[] }
  /** A variable that a person knows the value of. */
  | { readonly type: 'set'; readonly variable: string }
  /** Any other program, as it is typed. */
  | { readonly type: 'shell'; readonly text: string }

export const reconcile = (...args: readonly string[]): Command => ({ type: 'reconcile', args })
export const pm2 = (...args: readonly string[]): Command => ({ type: 'pm2', args })
export const shell = (text: string): Command => ({ type: 'shell', text })

/** A command as it is typed. The only place that writes one down. */
export function commandText(command: Command, { fleetFlags, pm2: { home, program } }: CommandPlace): string {
  switch (command.type) {
    case 'reconcile':
      return ['reconcile', ...command.args, ...fleetFlags].map(quoted).join(' ')
    case 'pm2': {
      const variable = home === undefined ? [] : [`PM2_HOME=${quoted(home)}`]
      return [...variable, ...[...program, ...command.args].map(quoted)].join(' ')
    }
    case 'set':
      return `export ${command.variable}=...`
    case 'shell':
      return command.text
    default:
      return assertNever(command)
  }
}

type CommandPlace = Pick<Surroundings, 'fleetFlags' | 'pm2'>
