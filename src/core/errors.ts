/** Who acts next: a person must change something, time will cure it, or trying again may. */
export type NextActor = 'person' | 'time' | 'retry'

interface CatalogueEntry {
  readonly next: NextActor
  /** What it means and what to do; printed by the documentation. */
  readonly meaning: string
  /**
   * False: nothing was tried on the thing itself, so that no attempt is used up; the domain holds the action until what
   * it is made from has changed. Default: true.
   */
  readonly isAttempt?: boolean
}

/** Every error the program raises by itself. Codes are never reused; docs/errors.md is checked against it. */
export const errorCatalogue = Object.freeze({
  ConflictingRevision: {
    next: 'retry',
    meaning: 'Somebody else wrote the same record first; it is read again and decided anew.',
  },
  DaemonNotRunning: { next: 'retry', meaning: 'No PM2 daemon runs in this PM2_HOME.' },
  DaemonStartFailed: {
    next: 'person',
    meaning: 'A PM2 daemon could not be started; the message holds what it printed.',
  },
  DaemonUnresponsive: {
    next: 'time',
    meaning: 'The PM2 daemon accepted the connection and did not answer within the deadline.',
  },
  DaemonUnsupported: {
    next: 'person',
    meaning: 'The PM2 daemon is older than version 6, or newer than what was tried.',
  },
  DaemonCallFailed: { next: 'retry', meaning: 'The PM2 daemon answered a call with an error.' },
  InvalidCall: {
    next: 'person',
    meaning:
      'A call was not sent, because it would have harmed the PM2 daemon. This is a defect of reconciled.',
  },
  OutcomeUnknown: {
    next: 'retry',
    meaning: 'An action was sent and its answer was lost; the world is read before anything is repeated.',
  },
  HomeLocked: { next: 'time', meaning: 'Another fleet acts in this PM2_HOME at the moment.' },
  LogUnreadable: { next: 'person', meaning: 'A log file is there and could not be read.' },
  RunLogGone: {
    next: 'person',
    meaning: 'The vendor keeps no log of the run: it never began, or the log has expired.',
  },
  NoLogs: { next: 'person', meaning: 'This kind of resource keeps no log of its own.' },
  ScriptMissing: { next: 'person', meaning: 'The declared script or working folder does not exist.' },
  LeaseHeld: { next: 'time', meaning: 'Another controller or pass acts for this fleet at the moment.' },
  LeaseLost: { next: 'retry', meaning: 'The lease ended while we worked; nothing more is written or done.' },
  NotOurs: {
    next: 'person',
    meaning:
      'Something of that name exists that is not ours and differs; declare `adopt: true` to take it over.',
  },
  OperationTimedOut: { next: 'retry', meaning: 'A step did not end before its deadline.' },
  StoreCorrupt: {
    next: 'person',
    meaning:
      'The state file is damaged. It is never taken for an empty one: restore a copy, or move it away to begin anew.',
  },
  StoreFull: {
    next: 'person',
    meaning: 'The disk of the state file is full; nothing is done until there is room.',
  },
  StoreNewer: {
    next: 'person',
    meaning: 'The state file was written by a newer version of reconciled; use that version or newer.',
  },
  StoreReadOnly: { next: 'person', meaning: 'The state file or its folder cannot be written.' },
  StoreBusy: {
    next: 'retry',
    meaning: 'Another program held the state file for longer than the busy timeout.',
  },
  StoreUnavailable: { next: 'person', meaning: 'The state file could not be opened.' },
  StoreBound: {
    next: 'person',
    meaning:
      'The state belongs to another manifests folder or environment; `--rebind` says that this is meant.',
  },
  NothingDeclared: {
    next: 'person',
    meaning: 'No resource is declared. An empty folder never means that everything should be deleted.',
  },
  ManifestsInvalid: { next: 'person', meaning: 'Manifests have errors; they are listed with their places.' },
  UsageInvalid: { next: 'person', meaning: 'The command line was not understood.' },
  PlanOutdated: {
    next: 'person',
    meaning: 'What the saved plan was made from has changed; make a new plan.',
  },
  ControllerAlive: {
    next: 'person',
    meaning: 'A controller acts for this fleet; stop it first, or let it do the work.',
  },
  NotFound: { next: 'person', meaning: 'No resource of that id is known.' },
  CredentialsMissing: {
    next: 'person',
    meaning: 'A vendor needs a credential and none is set; its domain is Unknown, and the others go on.',
  },
  CredentialsRefused: {
    next: 'person',
    meaning: 'A vendor does not know the credential: it is wrong, expired or revoked.',
  },
  DeclaredTwice: {
    next: 'person',
    meaning:
      'Two manifests stand for one thing, which its vendor calls by another name now than one of them does; that one is left alone.',
  },
  PermissionMissing: {
    next: 'person',
    meaning: 'A vendor knows the credential and does not let it do this; the message names what it lacks.',
  },
  RateLimited: {
    next: 'time',
    meaning: 'A vendor takes no more calls for now, or the rest is kept for writes; it goes on at the reset.',
  },
  RemoteUnavailable: {
    next: 'retry',
    meaning: 'A vendor could not be reached, did not answer in time, or answered with a fault of its own.',
  },
  RemoteRefused: {
    next: 'person',
    meaning: 'A vendor understood a call and refused it; the message says why.',
  },
  RemoteAnswerInvalid: {
    next: 'retry',
    meaning: 'A vendor answered with something that cannot be read; nothing is concluded from it.',
  },
  RemoteChanged: {
    next: 'retry',
    meaning: 'What an action was decided on has changed meanwhile; nothing was done, and it is decided anew.',
  },
  ProgramMissing: {
    next: 'person',
    meaning: 'A program that is needed, such as npm, is not on PATH or could not be started.',
  },
  GitFailed: {
    next: 'person',
    meaning: 'The program git could not do what it was called for; the message holds what it said.',
  },
  SourceUnreadable: {
    next: 'retry',
    meaning:
      'The repository that the fleet follows could not be read, and nothing of it was ever good here. Once something was, the fleet stays at it instead.',
  },
  FileNotEditable: {
    next: 'person',
    meaning: 'A file cannot be edited without a doubt, or cannot be written; it was left as it is.',
  },
  FunctionNotBundled: {
    next: 'person',
    meaning:
      'A function could not be bundled; the message names its file. Nothing was deployed, and the site is as it was.',
    isAttempt: false,
  },
  RolloutStuck: {
    next: 'person',
    meaning:
      'An instance that was updated does not come up. The others go on as they were, and are updated when it is well or something else is declared.',
    isAttempt: false,
  },
  BundlerFailed: {
    next: 'retry',
    meaning: 'The bundler of functions ended before its work was done. Nothing was deployed.',
  },
  Internal: {
    next: 'person',
    meaning: 'A defect of reconciled. Please report it with the output of the same command and -v.',
  },
} as const satisfies Record<string, CatalogueEntry>)

export type ErrorCode = keyof typeof errorCatalogue

/** An error that a person may see. Its message starts with what could not be done and names the thing. */
export class ReconcileError extends Error {
  readonly code: ErrorCode
  /** What to do about it, one sentence. */
  readonly hint: string | undefined

  constructor(
    code: ErrorCode,
    message: string,
    options: { readonly cause?: unknown; readonly hint?: string } = {},
  ) {
    super(message, { cause: options.cause })
    this.name = 'ReconcileError'
    this.code = code
    this.hint = options.hint
  }

  get next(): NextActor {
    return errorCatalogue[this.code].next
  }

  /** Whether an action that failed with it used up an attempt. */
  get isAttempt(): boolean {
    const entry: CatalogueEntry = errorCatalogue[this.code]
    return entry.isAttempt ?? true
  }
}

/** Whether a thrown value is a `ReconcileError` of the given code. */
export function isErrorOf(error: unknown, code: ErrorCode): error is ReconcileError {
  return error instanceof ReconcileError && error.code === code
}

/** A thrown value as text for people: its message, never its stack. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
