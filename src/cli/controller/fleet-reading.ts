import type { Declaration } from '../../core/declaration.ts'
import type { Diagnostic } from '../../core/diagnostic.ts'
import { messageOf } from '../../core/errors.ts'
import type { Logger } from '../../core/logger.ts'
import type { ResourceId } from '../../core/resource.ts'
import type { Store } from '../../core/store.ts'
import { awaitGit } from '../../manifests/git-at-work.ts'
import type { ManifestFile } from '../../manifests/manifest-file.ts'
import { ParsedFiles } from '../../manifests/parsed-files.ts'
import type { Manifests } from '../../manifests/read.ts'
import { type LastGood, openLastGood } from '../../state/last-good.ts'
import type { Lease } from '../../state/lease.ts'
import type { CommonOptions } from '../options.ts'
import { assertSomethingDeclared, readDeclaration } from '../read-declaration.ts'
import { selectResources } from '../selection.ts'
import type { GitSource } from '../source/git-source.ts'
import type { Workspace } from '../workspace.ts'

/** How long an editor, `rsync` or `mv` has put aside what it writes anew, at most; in milliseconds. */
const returnsWithin = 1000

export type TellFaults = (diagnostics: readonly Diagnostic[]) => void

/** What was read before anything may be done. */
export interface EarlyReading {
  readonly declaration: Manifests
  /** Undefined: all that is declared. */
  readonly selected: ReadonlySet<ResourceId> | undefined
}

/** Reads without the commands that manifests name. Rejects where there is nothing to look after. */
export async function readEarly(
  workspace: Workspace,
  store: Store,
  tellFaults: TellFaults,
): Promise<EarlyReading> {
  const { declaration } = await readDeclaration(workspace, store, { mayRunCommands: false })
  tellFaults(declaration.diagnostics)
  assertSomethingDeclared(declaration)
  return { declaration, selected: selectResources(declaration, workspace.common) }
}

export interface FleetReadingOptions {
  readonly workspace: Workspace
  readonly store: Store
  readonly lease: Lease
  /** Undefined: the manifests are what is in the folder. */
  readonly source: GitSource | undefined
  readonly early: EarlyReading
  readonly logger: Logger
  readonly tellFaults: TellFaults
}

/** What a controller looks after, read anew whenever its manifests may have changed. */
export class FleetReading {
  readonly #options: FleetReadingOptions
  readonly #lastGood: LastGood
  readonly #parsed = new ParsedFiles<ManifestFile>()
  #declaration: Manifests
  #selected: ReadonlySet<ResourceId> | undefined
  #shownFaults: string

  private constructor(options: FleetReadingOptions) {
    const { workspace, store, lease, early } = options
    this.#options = options
    this.#lastGood = openLastGood({ store, environment: workspace.environment, lease })
    this.#declaration = early.declaration
    this.#selected = early.selected
    this.#shownFaults = faultsOf(early.declaration)
  }

  /** Reads it for the first time, with the commands that it names. */
  static async begin(options: FleetReadingOptions): Promise<FleetReading> {
    const reading = new FleetReading(options)
    reading.#declaration = await (options.source ? reading.#readOnce() : reading.#readFolder())
    return reading
  }

  /** What counts now, of whatever is selected. */
  get declaration(): Manifests {
    return this.#declaration
  }

  /** Undefined: it looks after all that is declared. */
  get selects(): ((id: ResourceId) => boolean) | undefined {
    return this.#selected && ((id) => this.#selected?.has(id) ?? true)
  }

  async read(): Promise<Declaration> {
    const { source, workspace, logger } = this.#options
    const next = await (source ? source.read(() => this.#readOnce()) : this.#readFolder())
    // An emptied folder says nothing: what was declared last still holds.
    const isEmptied = next.resources.length === 0 && !next.isComplete
    this.#declaration = isEmptied
      ? { ...this.#declaration, isComplete: false, diagnostics: next.diagnostics }
      : next
    await this.#lastGood.save(this.#declaration)
    if (!this.#selected) return this.#declaration
    this.#selected = selectAnew(this.#declaration, workspace.common, logger)
    return { ...this.#declaration, isWhole: false }
  }

  /** Tells what is wrong with what counts now, unless that was told already. */
  tellFaults(): void {
    const faults = faultsOf(this.#declaration)
    if (faults !== this.#shownFaults) this.#options.tellFaults(this.#declaration.diagnostics)
    this.#shownFaults = faults
  }

  /** A folder is changed while it is read: what has gone from it is looked for once more, before anything goes with it. */
  async #readFolder(): Promise<Manifests> {
    const { workspace, lease } = this.#options
    const { paths, clock, call } = workspace
    const signal = AbortSignal.any([call.signal, lease.signal])
    await awaitGit(paths, { clock, signal })
    const found = await this.#readOnce()
    const isThere = new Set(found.resources.map(({ id }) => id))
    if (this.#declaration.resources.every(({ id }) => isThere.has(id))) return found
    await clock.sleep(returnsWithin, signal)
    await awaitGit(paths, { clock, signal })
    return this.#readOnce()
  }

  async #readOnce(): Promise<Manifests> {
    const { workspace, store } = this.#options
    const options = { mayRunCommands: true, parsed: this.#parsed }
    return (await readDeclaration(workspace, store, options)).declaration
  }
}

/** What was selected may have gone from the manifests, or have other labels now: then there is less to look after. */
function selectAnew(
  declaration: Declaration,
  common: CommonOptions,
  logger: Logger,
): ReadonlySet<ResourceId> {
  const known = new Set<string>(declaration.resources.map(({ id }) => id))
  const only = common.only.filter((id) => known.has(id))
  try {
    if (common.only.length > 0 && only.length === 0) return new Set()
    return selectResources(declaration, { ...common, only }) ?? new Set()
  } catch (error) {
    logger.warn({ error: messageOf(error) }, 'nothing is selected any more')
    return new Set()
  }
}

function faultsOf(declaration: Declaration): string {
  return declaration.diagnostics
    .map(({ code, position, message }) => `${position.file}:${position.line} ${code} ${message}`)
    .join('\n')
}
