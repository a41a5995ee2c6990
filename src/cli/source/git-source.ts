import {
  fetchCommit,
  fetchTip,
  type GitPlace,
  goesOnFrom,
  hasCommits,
  keepCommits,
  prepareRepository,
  readCommit,
  tidyRepository,
} from '../../clients/git/repository.ts'
import { type GitServer, readBranches, readTip } from '../../clients/git/server.ts'
import { fingerprintOf, whyNotSigned } from '../../clients/git/verify.ts'
import { bringCurrentTo, dropCandidate } from '../../clients/git/work-tree.ts'
import type { Diagnostic } from '../../core/diagnostic.ts'
import { isErrorOf, messageOf, ReconcileError } from '../../core/errors.ts'
import type { Logger } from '../../core/logger.ts'
import {
  type Commit,
  mostGood,
  passedOver,
  type SourcePin,
  type SourceRecord,
  shortId,
} from '../../core/source.ts'
import type { Store } from '../../core/store.ts'
import { sanitise } from '../../reports/sanitise.ts'
import { commitText } from '../../reports/source-text.ts'
import { forgetSource, readPin, readSource } from '../../state/source.ts'
import type { Actor } from '../actor.ts'
import { typedIn } from '../surroundings.ts'
import { type Credentials, type FetchedWorkspace, serverOf } from './git-server.ts'
import { judgeCommit } from './judge.ts'
import { recoverCommits, signedCommits } from './kept-commits.ts'
import { type Hindrance, SourceMemory } from './source-memory.ts'

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
  readonly #memory: SourceMemory
  /** What was judged and refused since this program began: the same commit is not judged again. */
  #refusedNow: string | undefined

  private constructor(options: GitSourceOptions, record: SourceRecord) {
    const { workspace, credentials, signal } = options
    const { call, clock, followed } = workspace
    const common = { env: call.env, clock, signal }
    this.#options = options
    this.#memory = new SourceMemory(options, record)
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

  get #record(): SourceRecord {
    return this.#memory.record
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
    await this.#memory.change(await recoverCommits(this.#place, this.#server, this.#record))
    await this.#verifyAgain()
    await this.sync()
    const { refused, trouble } = this.#record
    if (this.#record.applied) {
      await this.#bring()
      return
    }
    const hint =
      this.#record.good.length > 0
        ? `Nothing was changed. ${typedIn(this.#options.workspace)('rollback')} holds the fleet at a commit that was good before.`
        : 'Nothing was changed. No commit of this branch counts here, so there is nothing to stay at.'
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

  /** Signatures that are required only now, or of other keys, are required of what counted before, too. */
  async #verifyAgain(): Promise<void> {
    const { git, applied, verifiedBy } = this.#record
    const now = git.signatures && (await fingerprintOf(git.signatures))
    if (now === verifiedBy) return
    const kept = git.signatures
      ? await signedCommits(this.#place, git.signatures, this.#record)
      : this.#record
    await this.#memory.change({ applied: kept.applied, good: kept.good, verifiedBy: now })
    if (applied && !kept.applied)
      this.#options.logger.warn({ commit: applied.id }, 'the commit does not bear the signature that it must')
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

  /**
   * Looks at the branch and at what people said, and decides which commit counts. What keeps it from that is told once,
   * and tried again at the next look.
   */
  async sync(): Promise<void> {
    const hindrance = await this.#look().catch((error: unknown) => this.#hindranceOf(error))
    if (hindrance) await this.#memory.noteTrouble(hindrance)
    else await this.#memory.endTrouble()
  }

  async #look(): Promise<Hindrance | undefined> {
    const { store, workspace } = this.#options
    const pin = await readPin({ store, environment: workspace.environment })
    const held = pin && (await this.#goToPin(pin))
    const tip = await this.#lookAtTip()
    if (held) return held
    if (typeof tip !== 'string') return tip
    if (pin) return undefined
    if (tip === this.#record.applied?.id) await this.#noteNewest()
    else if (tip !== this.#refusedNow) return this.#goTo(tip)
    return undefined
  }

  /** What failed where nothing foresaw it is of this machine, and not of the server. */
  #hindranceOf(error: unknown): Hindrance {
    const { git } = this.#record
    return this.#hindrance('SourceFailed', `Cannot follow ${git.branch} of ${git.url}`)(error)
  }

  #hindrance(reason: Hindrance['reason'], what: string) {
    return (error: unknown): Hindrance => {
      if (this.#options.signal.aborted) throw error
      // Without the program nothing here can ever work: that is no state of a server.
      if (isErrorOf(error, 'ProgramMissing') && !this.#record.applied) throw error
      return { reason, message: `${what}: ${sanitise(messageOf(error))}` }
    }
  }

  async #goToPin(pin: SourcePin): Promise<Hindrance | undefined> {
    if (this.#record.applied?.id === pin.commit) return undefined
    if (
      !(await hasCommits(this.#place, [pin.commit])) &&
      !(await fetchCommit(this.#place, this.#server, pin.commit))
    ) {
      const message = `Cannot hold the fleet at ${shortId(pin.commit)}: the commit of the rollback is not here any more`
      return { reason: 'SourceFailed', message }
    }
    const unsigned = await this.#whyNotSigned(pin)
    if (unsigned !== undefined) {
      const release = typedIn(this.#options.workspace)('resume', '--source')
      const message = `Cannot hold the fleet at ${shortId(pin.commit)}: ${unsigned}; ${release} lets it follow ${this.#record.git.branch}`
      return { reason: 'SourceFailed', message }
    }
    const commit = await readCommit(this.#place, pin.commit)
    await this.#memory.change({ applied: commit, appliedAt: this.#memory.now(), refused: undefined })
    this.#refusedNow = undefined
    await this.#memory.tell(
      'Normal',
      'CommitApplied',
      `the fleet is at ${commitText(commit)}, where it is held`,
    )
    return undefined
  }

  /** What was good was verified when it became so, or when signatures were required. */
  async #whyNotSigned({ commit }: SourcePin): Promise<string | undefined> {
    const { git, good } = this.#record
    if (!git.signatures || good.some(({ id }) => id === commit)) return undefined
    return whyNotSigned(this.#place, commit, git.signatures)
  }

  /** What the branch is at, or why that is not known: it is gone, or the server could not be asked. */
  async #lookAtTip(): Promise<string | Hindrance> {
    const { branch, url } = this.#record.git
    const tip = await readTip(this.#server, branch).catch(
      this.#hindrance('SourceUnreadable', `Cannot read ${url}`),
    )
    if (typeof tip === 'string') await this.#memory.change({ tip })
    return tip ?? this.#branchMissing()
  }

  async #branchMissing(): Promise<Hindrance> {
    const { git, trouble } = this.#record
    if (trouble?.reason === 'BranchMissing') return trouble
    const others = await readBranches(this.#server).catch(() => [])
    const known = others.length > 0 ? `; it has ${others.join(', ')}` : '; it has no branch at all'
    return { reason: 'BranchMissing', message: `The branch ${git.branch} is not in ${git.url}${known}` }
  }

  async #goTo(tip: string): Promise<Hindrance | undefined> {
    const { git, applied, refused } = this.#record
    const commit = await fetchTip(this.#place, this.#server, git.branch)
      .then((id) => readCommit(this.#place, id))
      .catch(this.#hindrance('SourceUnreadable', `Cannot fetch ${git.branch} of ${git.url}`))
    if ('reason' in commit) return commit
    if (commit.id !== tip) await this.#memory.change({ tip: commit.id })
    if (refused?.commit.id !== commit.id) await this.#noteRewrite(refused?.commit ?? applied, commit)
    if (commit.id === applied?.id) {
      await this.#noteNewest()
      return undefined
    }
    const { workspace, store } = this.#options
    const judgement = await judgeCommit(workspace, this.#place, { commit, secretKey: store.secretKey })
    if (judgement.otherSource !== undefined) {
      const fields = { commit: commit.id, named: judgement.otherSource, followed: workspace.followed.origin }
      this.#options.logger.warn(fields, 'the Fleet in the repository names another one, which does not count')
    }
    if (judgement.fault === undefined) await this.#apply(commit)
    else await this.#refuse(commit, judgement.fault, judgement.diagnostics)
    return undefined
  }

  /** The commit that counts is the newest: one that was refused is gone, and would be judged anew if it came back. */
  async #noteNewest(): Promise<void> {
    this.#refusedNow = undefined
    await this.#memory.change({ refused: undefined })
  }

  async #noteRewrite(before: Commit | undefined, now: Commit): Promise<void> {
    if (!before || before.id === now.id) return
    const { branch } = this.#record.git
    const isOnward = await goesOnFrom(this.#place, this.#server, { branch, before, now })
    if (isOnward !== false) return
    const message = `the branch ${branch} was rewritten: ${commitText(now)} does not go on from ${commitText(before)}`
    await this.#memory.tell('Warning', 'BranchRewritten', message)
  }

  async #apply(commit: Commit): Promise<void> {
    const { good, applied } = this.#record
    const kept = [commit, ...good.filter(({ id }) => id !== commit.id)].slice(0, mostGood)
    // Kept before it is named: what is named must be there.
    await keepCommits(
      this.#place,
      kept.map(({ id }) => id),
    )
    await this.#memory.change({
      applied: commit,
      appliedAt: this.#memory.now(),
      refused: undefined,
      good: kept,
    })
    this.#refusedNow = undefined
    const from = applied ? `, after ${shortId(applied.id)}` : ''
    await this.#memory.tell('Normal', 'CommitApplied', `the fleet is at ${commitText(commit)}${from}`)
    await tidyRepository(this.#place).catch((error: unknown) =>
      this.#options.logger.warn({ error: messageOf(error) }, 'the repository could not be tidied'),
    )
  }

  async #refuse(commit: Commit, message: string, diagnostics: readonly Diagnostic[]): Promise<void> {
    this.#refusedNow = commit.id
    const { refused, applied } = this.#record
    if (refused?.commit.id === commit.id && refused.message === message) return
    this.#options.onDiagnostics(diagnostics)
    await this.#memory.change({ refused: { commit, message, since: this.#memory.now() } })
    const held = passedOver(this.#record) ? ', where it was held' : ''
    const stays = applied ? `; the fleet stays at ${shortId(applied.id)}${held}` : ''
    await this.#memory.tell(
      'Warning',
      'CommitRefused',
      `${commitText(commit)} is refused${stays}: ${message}`,
    )
  }
}

const nothingKnown = Object.freeze({
  applied: undefined,
  appliedAt: 0,
  tip: undefined,
  refused: undefined,
  trouble: undefined,
  good: [],
  verifiedBy: undefined,
})
