import type { BegunRun, CheckRun } from './checks/check-run.ts'
import type { ScriptHolder } from './checks/running-scripts.ts'
import type { ScriptFinding } from './resolve/finding.ts'
import type { RunGraph } from './resolve/run-graph.ts'

/** What was seen of a package and its scripts. */
export interface ObservedScripts {
  /** The package.json as it is declared, and where it is with links resolved. */
  readonly path: string
  readonly realPath: string
  /** Of its text. */
  readonly hash: string
  /** Texts by name. */
  readonly scripts: ReadonlyMap<string, string>
  /** Why no script can be restored in it; undefined: one can. */
  readonly locked: string | undefined
  readonly findings: readonly ScriptFinding[]
  readonly graph: RunGraph
  /** By script: how its check is. Holds every declared check. */
  readonly checks: ReadonlyMap<string, SeenCheck>
}

export interface SeenCheck {
  /** The last run that says something; undefined: no record of one. */
  readonly last: CheckRun | undefined
  /** A run that is under way: begun by somebody else, since one of ours is waited for. */
  readonly running: BegunRun | undefined
  /** Who else runs the script: a person, or a check of another environment. Not ours to end, however long it takes. */
  readonly other: ScriptHolder | undefined
}
