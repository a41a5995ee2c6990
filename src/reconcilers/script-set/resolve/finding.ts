/**
 * How much a finding matters. `error`: the script cannot do its work. `warning`: it works, and its result or what it
 * leaves cannot be trusted. `note`: worth knowing. Only errors lower health.
 */
export type FindingLevel = 'error' | 'warning' | 'note'

/** Every kind of finding with its level: the one list of them. */
const findingLevels = Object.freeze({
  /** The shell could not read the command. */
  SyntaxError: 'error',
  /** The command is empty: npm runs it and reports success. */
  EmptyCommand: 'warning',
  MissingScript: 'error',
  MissingFile: 'error',
  MissingFolder: 'error',
  NotExecutable: 'error',
  /** What it needs may be there or not: it could not be looked at. */
  NotReadable: 'error',
  /** A program that is neither a dependency's nor the system's. */
  UnknownProgram: 'error',
  /** A program of a dependency that is declared and not installed. */
  NotInstalled: 'error',
  UnknownWorkspace: 'error',
  /** A script that runs itself, directly or by others. */
  Cycle: 'error',
  /** A file that git ignores and that is not there: something has to make it first. */
  NotBuilt: 'warning',
  /** A program that is there only because another dependency brought it. */
  UndeclaredDependency: 'warning',
  MasksFailure: 'warning',
  LeavesBackground: 'warning',
  /** Words of bash in what npm hands to sh. */
  BashOnly: 'warning',
  /** It ends other programs, or removes, publishes or installs beyond this package. */
  Dangerous: 'warning',
  DuplicateKey: 'warning',
  /** The command does something that people should know of. */
  SideEffect: 'note',
  /** A `pre` or `post` script of a script that does not exist. */
  OrphanHook: 'note',
  SameCommand: 'note',
  HidesFailure: 'note',
} as const satisfies Record<string, FindingLevel>)

export type FindingCode = keyof typeof findingLevels

/** Something that was found in one script. */
export interface ScriptFinding {
  readonly script: string
  readonly code: FindingCode
  /** One sentence that names the thing; holds no control character. */
  readonly message: string
}

export function levelOf(finding: Pick<ScriptFinding, 'code'>): FindingLevel {
  return findingLevels[finding.code]
}

/** Whether it only says that something could not be looked at: then the script may work or not. */
export function isUnread({ code }: Pick<ScriptFinding, 'code'>): boolean {
  return code === 'NotReadable'
}
