import {
  fetchCommit,
  fetchTip,
  type GitPlace,
  goesOnFrom,
  hasCommit,
  keepCommits,
  prepareRepository,
  readCommit,
  tidyRepository,
} from '../../clients/git/repository.ts'
import { type GitServer, readBranches, readTip } from '../../clients/git/server.ts'
import { bringCurrentTo, dropCandidate } from '../../clients/git/work-tree.ts'
import type { Diagnostic } from '../../core/diagnostic.ts'
import { messageOf, ReconcileError } from '../../core/errors.ts'
import type { Logger } from '../../core/logger.ts'
import { type Commit, mostGood, type SourcePin, type SourceRecord, shortId } from '../../core/source.ts'
import type { Store } from '../../core/store.ts'
import { sanitise } from '../../reports/sanitise.ts'
import { commitText } from '../../reports/source-text.ts'
import { forgetSource, readPin, readSource, saveSource } from '../../state/source.ts'
import type { Actor } from '../actor.ts'
import { type Credentials, type FetchedWorkspace, serverOf } from './git-server.ts'
import { judgeCommit } from './judge.ts'

export interface GitSourceOptions {
  readonly workspace: FetchedWorkspace
  readonly credentials: Credentials
  readonly store: Store
  readonly actor: Actor
  readonly logger: Logger
  readonly signal: AbortSignal
  /** Told what is wrong with a commit that is judged. */
  readonly onDiagnostics: (diagnostics: readonly Diagnostic[]) => void
}

/**
 * Keeps the work tree of a fleet at the newest good commit of its branch, or at the one where a person holds it. Only
 * whoever holds the fleet's lease may. What is to be is written down first, and the work tree is brought to it before
 * each reading, so that whoever is killed in between is finished by the next.
 */
export class GitSource {
  readonly #options: GitSourceOptions
  readonly #place: GitPlace
  readonly #server: GitServer
  #record: SourceRecord
  /** What was judged and refused since this program began: the same commit is not judged again. */
  #refusedNow: string | undefined

  private constructor(options: GitSourceOptions, record: SourceRecord) {
    const { workspace, credentials, signal } = options
    const { call, clock, followed } = workspace
    const common = { env: call.env, clock, signal }
    this.#options = options
    this.#record = record
    this.#place = { ...common, folder: followed.gitFolder }
    this.#server = serverOf(workspace, credentials, signal)
  }

  /** Frees what a killed one left, and goes to the newest good commit. Rejects where nothing was ever good. */
  static async open(options: GitSourceOptions): Promise<GitSource> {
    const { workspace, store, actor } = options
    const { environment, followed, folder } = workspace
    const known = await readSource({ store, environment })
    const isSame =
      known?.git.url === followed.settings.url &&
      known.git.branch === followed.settings.branch &&
      known.git.path === followed.settings.path
    // Another repository has other commits: neither where a person held the fleet, nor what was good there, counts here.
    if (known && !isSame) await forgetSource({ store, environment }, actor.lease)
    const own = { git: followed.settings, saidBy: followed.saidBy, from: followed.from, folder }
    const source = new GitSource(
      options,
      isSame && known ? { ...known, ...own } : { ...nothingKnown, ...own },
    )
    await source.#prepare()
    return source
  }

  /** The commit that counts. */
  get applied(): Commit {
    const { applied } = this.#record
    if (!applied) throw new ReconcileError('Internal', 'Cannot read a commit: none was taken yet')
    return applied
  }

  /** What keeps the fleet from being at the newest commit, one sentence each; nothing where a person holds it. */
  get faults(): readonly string[] {
    const { refused, trouble } = this.#record
    return [
      ...(refused ? [`${commitText(refused.commit)} is refused: ${refused.message}`] : []),
      ...(trouble ? [trouble.message] : []),
    ]
  }

  async #prepare(): Promise<void> {
    await prepareRepository(this.#place)
    // Nobody knows how far one got who was killed while he judged.
    await dropCandidate(this.#place)
    const { applied } = this.#record
    if (applied && !(await hasCommit(this.#place, applied.id))) {
      const isHad = await fetchCommit(this.#place, this.#server, applied.id)
      if (!isHad) this.#record = { ...this.#record, applied: undefined, good: [] }
    }
    await this.sync()
    const { refused, trouble } = this.#record
    if (this.#record.applied) {
      await this.#bring()
      return
    }
    const hint =
      'Nothing was changed. Nothing of this branch was ever good here, so there is nothing to stay at.'
    if (refused)
      throw new ReconcileError(
        'ManifestsInvalid',
        `Cannot take ${commitText(refused.commit)}: ${refused.message}`,
        {
          hint,
        },
      )
    throw new ReconcileError('SourceUnreadable', trouble?.message ?? 'Cannot read the repository', { hint })
  }

  /** Reads with the work tree at the commit that counts. Whoever calls waits for one reading before the next. */
  async read<T>(reading: () => Promise<T>): Promise<T> {
    await this.#bring()
    return reading()
  }

  async #bring(): Promise<void> {
    const { git } = this.#record
    const { id } = this.applied
    if (await bringCurrentTo(this.#place, id, git.path))
      this.#options.logger.info({ commit: id }, 'work tree is at the commit')
  }

  /** Looks at the branch and at what people said, and decides which commit counts. */
  async sync(): Promise<void> {
    const { store, workspace } = this.#options
    const pin = await readPin({ store, environment: workspace.environment })
    if (pin) {
      await this.#goToPin(pin)
      await this.#lookAtTip()
      return
    }
    const tip = await this.#lookAtTip()
    if (tip === undefined) return
    if (tip === this.#record.applied?.id) await this.#noteNewest()
    else if (tip !== this.#refusedNow) await this.#goTo(tip)
  }

  async #goToPin(pin: SourcePin): Promise<void> {
    if (this.#record.applied?.id === pin.commit) return
    if (
      !(await hasCommit(this.#place, pin.commit)) &&
      !(await fetchCommit(this.#place, this.#server, pin.commit))
    ) {
      this.#options.logger.warn({ commit: pin.commit }, 'the commit of the rollback is not here any more')
      return
    }
    const commit = await readCommit(this.#place, pin.commit)
    await this.#change({ applied: commit, appliedAt: this.#now(), refused: undefined })
    this.#refusedNow = undefined
    await this.#tell('Normal', 'CommitApplied', `the fleet is at ${commitText(commit)}, where it is held`)
  }

  /** What the branch is at; undefined: it is gone, or the server could not be asked. Each is told once. */
  async #lookAtTip(): Promise<string | undefined> {
    const { branch, url } = this.#record.git
    let tip: string | undefined
    try {
      tip = await readTip(this.#server, branch)
    } catch (error) {
      await this.#noteTrouble('SourceUnreadable', error, `Cannot read ${url}`)
      return undefined
    }
    if (tip === undefined) {
      if (this.#record.trouble?.reason === 'BranchMissing') return undefined
      const others = await readBranches(this.#server).catch(() => [])
      const known = others.length > 0 ? `; it has ${others.join(', ')}` : '; it has no branch at all'
      await this.#trouble('BranchMissing', `The branch ${branch} is not in ${url}${known}`)
      return undefined
    }
    await this.#endTrouble()
    await this.#change({ tip })
    return tip
  }

  async #goTo(tip: string): Promise<void> {
    const { git, applied, refused } = this.#record
    let commit: Commit
    try {
      commit = await readCommit(this.#place, await fetchTip(this.#place, this.#server, git.branch))
    } catch (error) {
      await this.#noteTrouble('SourceUnreadable', error, `Cannot fetch ${git.branch} of ${git.url}`)
      return
    }
    if (commit.id !== tip) await this.#change({ tip: commit.id })
    if (refused?.commit.id !== commit.id) await this.#noteRewrite(refused?.commit ?? applied, commit)
    if (commit.id === applied?.id) return this.#noteNewest()
    const { workspace, store } = this.#options
    const judgement = await judgeCommit(workspace, this.#place, { commit, secretKey: store.secretKey })
    if (judgement.otherSource !== undefined) {
      const fields = { commit: commit.id, named: judgement.otherSource, followed: workspace.followed.origin }
      this.#options.logger.warn(fields, 'the Fleet in the repository names another one, which does not count')
    }
    if (judgement.fault === undefined) await this.#apply(commit)
    else await this.#refuse(commit, judgement.fault, judgement.diagnostics)
  }

  /** The commit that counts is the newest: one that was refused is gone, and would be judged anew if it came back. */
  async #noteNewest(): Promise<void> {
    this.#refusedNow = undefined
    await this.#change({ refused: undefined })
  }

  async #noteRewrite(before: Commit | undefined, now: Commit): Promise<void> {
    if (!before || before.id === now.id) return
    const { branch } = this.#record.git
    const isOnward = await goesOnFrom(this.#place, this.#server, { branch, before, now })
    if (isOnward !== false) return
    const message = `the branch ${branch} was rewritten: ${commitText(now)} does not go on from ${commitText(before)}`
    await this.#tell('Warning', 'BranchRewritten', message)
  }

  async #apply(commit: Commit): Promise<void> {
    const { good, applied } = this.#record
    const kept = [commit, ...good.filter(({ id }) => id !== commit.id)].slice(0, mostGood)
    // Kept before it is named: what is named must be there.
    await keepCommits(
      this.#place,
      kept.map(({ id }) => id),
    )
    await this.#change({ applied: commit, appliedAt: this.#now(), refused: undefined, good: kept })
    this.#refusedNow = undefined
    const from = applied ? `, after ${shortId(applied.id)}` : ''
    await this.#tell('Normal', 'CommitApplied', `the fleet is at ${commitText(commit)}${from}`)
    await tidyRepository(this.#place).catch((error: unknown) =>
      this.#options.logger.warn({ error: messageOf(error) }, 'the repository could not be tidied'),
    )
  }

  async #refuse(commit: Commit, message: string, diagnostics: readonly Diagnostic[]): Promise<void> {
    this.#refusedNow = commit.id
    const { refused, applied } = this.#record
    if (refused?.commit.id === commit.id && refused.message === message) return
    this.#options.onDiagnostics(diagnostics)
    await this.#change({ refused: { commit, message, since: this.#now() } })
    const stays = applied ? `; the fleet stays at ${shortId(applied.id)}` : ''
    await this.#tell('Warning', 'CommitRefused', `${commitText(commit)} is refused${stays}: ${message}`)
  }

  async #noteTrouble(reason: 'SourceUnreadable', error: unknown, what: string): Promise<void> {
    if (this.#options.signal.aborted || !(error instanceof ReconcileError)) throw error
    // Without the program nothing here can ever work: that is no state of a server.
    if (error.code === 'ProgramMissing' && !this.#record.applied) throw error
    await this.#trouble(reason, `${what}: ${sanitise(error.message)}`)
  }

  async #trouble(reason: 'BranchMissing' | 'SourceUnreadable', message: string): Promise<void> {
    // How a server says that it is away may change from look to look; that it is, is told once.
    if (this.#record.trouble?.reason === reason) return
    await this.#change({
      trouble: { reason, message, since: this.#now() },
      ...(reason === 'BranchMissing' && { tip: undefined }),
    })
    await this.#tell('Warning', reason, message)
  }

  async #endTrouble(): Promise<void> {
    const { trouble, git } = this.#record
    if (!trouble) return
    await this.#change({ trouble: undefined })
    await this.#tell('Normal', 'SourceReadable', `${git.branch} of ${git.url} can be read again`)
  }

  /** Writes down what changed; nothing where nothing did. */
  async #change(changes: Partial<SourceRecord>): Promise<void> {
    const { store, workspace, actor } = this.#options
    const next = { ...this.#record, ...changes }
    if (JSON.stringify(next) === JSON.stringify(this.#record)) return
    await saveSource({ store, environment: workspace.environment }, next, actor.lease)
    this.#record = next
  }

  async #tell(type: 'Normal' | 'Warning', reason: string, text: string): Promise<void> {
    const message = sanitise(text)
    const { logger, actor } = this.#options
    if (type === 'Warning') logger.warn({ reason, message }, 'source')
    else logger.info({ reason, message }, 'source')
    await actor.ledger.commit([
      { type: 'event', event: { at: this.#now(), type, reason, id: undefined, message } },
    ])
  }

  #now(): number {
    return this.#options.workspace.clock.now()
  }
}

const nothingKnown = Object.freeze({
  applied: undefined,
  appliedAt: 0,
  tip: undefined,
  refused: undefined,
  trouble: undefined,
  good: [],
})
