import { createHash } from 'node:crypto'
import { History } from './history.ts'

export interface SimulatedWorkflow {
  readonly id: number
  name: string
  readonly path: string
  state: string
  readonly createdAt: number
  updatedAt: number
  /** How the next attempts end; after that: success. */
  outcomes: string[]
  /** Names of the job and of the step that fail. */
  failing: { job: string; step: string } | undefined
  /** Whether the file has `on: workflow_dispatch`. */
  isDispatchable: boolean
}

export interface SimulatedRun {
  readonly id: number
  readonly workflowId: number
  readonly number: number
  attempt: number
  readonly event: string
  readonly branch: string
  readonly headSha: string
  status: string
  conclusion: string | null
  readonly createdAt: number
  startedAt: number
  updatedAt: number
  /** When it ends by itself; undefined: it has ended, or waits for a test. */
  completesAt: number | undefined
  readonly isOfFork: boolean
  /** Jobs that the attempt has; 0 where GitHub could not read the file. */
  jobs: number
  /** Whether its logs are older than GitHub keeps them. */
  hasLostLogs: boolean
  /** As it was when its last attempt but one had ended; undefined: there is but one. */
  before: SimulatedRun | undefined
}

export interface SimulatedPull {
  readonly number: number
  readonly head: string
  readonly base: string
  title: string
  body: string
  state: 'open' | 'closed'
  mergedAt: number | undefined
  readonly createdAt: number
}

export interface SimulatedComment {
  readonly id: number
  readonly issue: number
  readonly author: { readonly login: string; readonly type: 'User' | 'Bot' }
  body: string
  readonly createdAt: number
}

/** git's name of a content. */
export function shaOf(content: Uint8Array): string {
  return createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex')
}

export interface RunOptions {
  readonly event?: string
  readonly branch?: string
  readonly conclusion?: string
  readonly status?: string
  /** Milliseconds before now. */
  readonly age?: number
  readonly attempt?: number
  readonly headSha?: string
  readonly isOfFork?: boolean
  readonly jobs?: number
}

/** One repository with its workflows, runs, branches and pull requests. */
export class SimulatedRepository {
  readonly id: number
  owner: string
  name: string
  isPrivate = false
  readonly defaultBranch: string
  /** Branches into which nothing comes but by pull requests. */
  readonly protectedBranches = new Set<string>()
  readonly workflows: SimulatedWorkflow[] = []
  readonly runs: SimulatedRun[] = []
  readonly pulls: SimulatedPull[] = []
  readonly comments: SimulatedComment[] = []
  readonly branches = new Map<string, { sha: string; readonly files: Map<string, Buffer> }>()
  readonly history = new History()
  readonly #world: SimulatedWorld

  constructor(world: SimulatedWorld, fullName: string, defaultBranch: string) {
    const [owner = '', name = ''] = fullName.split('/')
    this.owner = owner
    this.name = name
    this.id = world.nextId()
    this.#world = world
    this.defaultBranch = defaultBranch
    const first = { sha: world.nextSha(), files: new Map<string, Buffer>() }
    this.history.add({ ...first, parents: [] })
    this.branches.set(this.defaultBranch, first)
  }

  get fullName(): string {
    return `${this.owner}/${this.name}`
  }

  addWorkflow(
    file: string,
    options: Partial<Omit<SimulatedWorkflow, 'id' | 'path'>> = {},
  ): SimulatedWorkflow {
    const path = file.includes('/') ? file : `.github/workflows/${file}`
    const now = this.#world.now()
    const workflow: SimulatedWorkflow = {
      name: file.replace(/^.*\//, '').replace(/\.ya?ml$/, ''),
      state: 'active',
      createdAt: now,
      updatedAt: now,
      outcomes: [],
      failing: undefined,
      isDispatchable: true,
      ...options,
      id: this.#world.nextId(),
      path,
    }
    this.workflows.push(workflow)
    const main = this.branches.get(this.defaultBranch)
    if (main && !main.files.has(path)) {
      main.files.set(path, Buffer.from('on: workflow_dispatch\n'))
      // As if it had been there from the start: the head stays, and runs of before with it.
      this.history.amend(main.sha, main.files)
    }
    return workflow
  }

  /** A run that has ended, or that is as `status` says until a test ends it. */
  addRun(workflow: SimulatedWorkflow, options: RunOptions = {}): SimulatedRun {
    const startedAt = this.#world.now() - (options.age ?? 0)
    const status = options.status ?? 'completed'
    const branch = options.branch ?? this.defaultBranch
    const run: SimulatedRun = {
      id: this.#world.nextId(),
      workflowId: workflow.id,
      number: this.runs.length + 1,
      attempt: options.attempt ?? 1,
      event: options.event ?? 'push',
      branch,
      headSha: options.headSha ?? this.branches.get(branch)?.sha ?? this.#world.nextSha(),
      status,
      conclusion: status === 'completed' ? (options.conclusion ?? 'success') : null,
      createdAt: startedAt,
      startedAt,
      updatedAt: startedAt,
      completesAt: undefined,
      isOfFork: options.isOfFork ?? false,
      jobs: options.jobs ?? 2,
      hasLostLogs: false,
      before: undefined,
    }
    this.runs.unshift(run)
    return run
  }

  /** Starts an attempt that ends by itself after the world's `runTime`. */
  start(workflow: SimulatedWorkflow, event: string, branch: string): SimulatedRun {
    const run = this.addRun(workflow, { event, branch, status: 'queued' })
    run.completesAt = this.#world.now() + this.#world.runTime
    return run
  }

  restart(run: SimulatedRun): void {
    run.before = { ...run }
    run.attempt += 1
    run.status = 'queued'
    run.conclusion = null
    run.startedAt = this.#world.now()
    run.updatedAt = run.startedAt
    run.completesAt = run.startedAt + this.#world.runTime
  }

  /** Lets time pass: runs whose time has come end as their workflow's `outcomes` say. */
  advance(): void {
    const now = this.#world.now()
    for (const run of this.runs) {
      if (run.completesAt === undefined || run.completesAt > now) continue
      const workflow = this.workflows.find(({ id }) => id === run.workflowId)
      run.status = 'completed'
      run.conclusion = workflow?.outcomes.shift() ?? 'success'
      run.updatedAt = run.completesAt
      run.completesAt = undefined
    }
  }

  /** Makes a branch of the default one. */
  branch(name: string): void {
    const from = this.branches.get(this.defaultBranch)
    if (from) this.placeBranch(name, from.sha)
  }

  /** Makes a branch at a commit, or moves it there; false: there is no such commit. */
  placeBranch(name: string, sha: string): boolean {
    const commit = this.history.get(sha)
    if (commit) this.branches.set(name, { sha, files: new Map(commit.files) })
    return commit !== undefined
  }

  /** Takes a branch away, which closes its pull requests; false: there is none. */
  deleteBranch(name: string): boolean {
    for (const pull of this.pulls) if (pull.head === name) pull.state = 'closed'
    return this.branches.delete(name)
  }

  /** A commit on a branch: its head moves. */
  commit(branch: string, path: string, content: Buffer): void {
    const found = this.#branchNamed(branch)
    found.files.set(path, content)
    this.#record(found, [found.sha])
  }

  /** Whether a branch has commits that another one lacks: without any there is nothing to propose. */
  hasOwnCommits(head: string, base: string): boolean {
    return !this.history.upTo(this.#branchNamed(base).sha).includes(this.#branchNamed(head).sha)
  }

  /** Merges an open pull request as a person does; throws where git could not. */
  merge(pull: SimulatedPull, method: 'merge' | 'squash', options: { readonly keepsBranch: boolean }): void {
    const head = this.#branchNamed(pull.head)
    const base = this.#branchNamed(pull.base)
    const conflicts = this.history.conflictsOf(base.sha, head.sha)
    if (pull.state !== 'open' || conflicts.length > 0) {
      throw new Error(`Pull request #${pull.number} cannot be merged: ${pull.state}, ${conflicts}`)
    }
    for (const [path, content] of this.history.changesOf(head.sha, base.sha)) {
      if (content) base.files.set(path, content)
      else base.files.delete(path)
    }
    this.#record(base, method === 'merge' ? [base.sha, head.sha] : [base.sha])
    pull.state = 'closed'
    pull.mergedAt = this.#world.now()
    if (!options.keepsBranch) this.branches.delete(pull.head)
  }

  #branchNamed(name: string) {
    const found = this.branches.get(name)
    if (!found) throw new Error(`No branch ${name}`)
    return found
  }

  #record(branch: { sha: string; readonly files: Map<string, Buffer> }, parents: readonly string[]): void {
    branch.sha = this.#world.nextSha()
    this.history.add({ sha: branch.sha, parents, files: branch.files })
  }
}

/** All that GitHub knows, with a clock that a test may move. */
export class SimulatedWorld {
  readonly repositories = new Map<string, SimulatedRepository>()
  /** Milliseconds that an attempt takes. */
  runTime = 0
  /** Milliseconds that the simulator's clock is ahead of the machine's. */
  clockAhead = 0
  readonly #moved = new Map<string, SimulatedRepository>()
  #lastId = 1000

  now(): number {
    return Date.now() + this.clockAhead
  }

  nextId(): number {
    this.#lastId += 1
    return this.#lastId
  }

  nextSha(): string {
    return createHash('sha1').update(`commit ${this.nextId()}`).digest('hex')
  }

  add(fullName: string, defaultBranch = 'main'): SimulatedRepository {
    const repository = new SimulatedRepository(this, fullName, defaultBranch)
    this.repositories.set(fullName.toLowerCase(), repository)
    this.#moved.delete(fullName.toLowerCase())
    return repository
  }

  /** Renames a repository, or gives it to another owner: its old name leads to it until somebody takes that name. */
  move(repository: SimulatedRepository, fullName: string): void {
    const before = repository.fullName.toLowerCase()
    const [owner = '', name = ''] = fullName.split('/')
    Object.assign(repository, { owner, name })
    this.repositories.delete(before)
    this.repositories.set(fullName.toLowerCase(), repository)
    this.#moved.set(before, repository)
  }

  /** The repository that had a name before. */
  movedFrom(fullName: string): SimulatedRepository | undefined {
    return this.#moved.get(fullName.toLowerCase())
  }

  /** `/repositories/<id>/..`, which redirects lead to, as it is written otherwise. */
  plainPathOf(path: string): string {
    const [, id, rest = ''] = /^\/repositories\/(\d+)(\/.*)?$/.exec(path) ?? []
    const found = [...this.repositories.values()].find((repository) => String(repository.id) === id)
    return found ? `/repos/${found.fullName}${rest}` : path
  }
}
