import { createHash, randomUUID } from 'node:crypto'

/** A deploy of the simulated site. */
export interface SimulatedDeploy {
  readonly id: string
  readonly title: string
  readonly isDraft: boolean
  /** `production`, or what else it is for. */
  context: string
  /** Netlify compares many entries in its own time. */
  isAsync: boolean
  state: string
  /** When it came into that state, as far as it leaves it by itself. */
  stateSince: number
  error: string
  createdAt: number
  publishedAt: number
  isLocked: boolean
  /** SHA-1 by path. */
  files: Readonly<Record<string, string>>
  /** SHA-256 by name. */
  functions: Record<string, string>
  schedules: readonly { readonly name: string; readonly cron: string }[]
  config: Readonly<
    Record<string, { readonly routes?: readonly { readonly literal?: string }[]; readonly region?: string }>
  >
  /** Rules that came from a build and stand in no file. */
  readonly buildRules: {
    readonly redirects: number
    readonly headers: number
    readonly edgeFunctions: number
  }
  /** The site's variables as functions of this deploy see them: as they were when it was begun. */
  readonly env: Readonly<Record<string, string>>
  /** What an upload said of a function. */
  readonly runtimes: Map<string, { readonly runtime: string; readonly mode: string | undefined }>
  isCancelled: boolean
}

/** A variable of the simulated site. */
export interface SimulatedVariable {
  readonly key: string
  readonly is_secret: boolean
  readonly scopes: readonly string[]
  readonly values: readonly { readonly id: string; readonly context: string; readonly value: string }[]
}

export interface SiteOptions {
  readonly repository?: string
  readonly refusesOtherDeploys?: boolean
}

/** One site with all of its deploys. What a deploy does not list is not on the site: nothing is carried over by itself. */
export class SimulatedSite {
  readonly id = randomUUID()
  readonly name: string
  readonly account = 'acme'
  readonly deploys: SimulatedDeploy[] = []
  readonly env = new Map<string, SimulatedVariable>()
  readonly blobs = new Map<string, Buffer>()
  readonly zips = new Map<string, Buffer>()
  readonly runtimes = new Map<string, { readonly runtime: string; readonly mode: string | undefined }>()
  publishedId: string | undefined
  repository: string | undefined
  refusesOtherDeploys: boolean
  /** Where it is served. */
  url = ''
  /** Whether answers tell the digests of functions, and what a deploy's processing counted: both are undocumented. */
  tellsDigests = true
  tellsRules = true
  /** Milliseconds that Netlify takes for its own parts of a deploy. */
  readonly pace = { preparing: 0, processing: 0 }
  /** Whether the credential sees it; a site of another team it does not. */
  isVisible = true
  readonly builds: string[] = []
  #counter = 0
  #publishedBeforeId: string | undefined

  constructor(name: string, options: SiteOptions = {}) {
    this.name = name
    this.repository = options.repository
    this.refusesOtherDeploys = options.refusesOtherDeploys ?? false
  }

  get published(): SimulatedDeploy | undefined {
    return this.deploys.find(({ id }) => id === this.publishedId)
  }

  /** What was published before that. */
  get publishedBefore(): SimulatedDeploy | undefined {
    return this.deploys.find(({ id }) => id === this.#publishedBeforeId)
  }

  /** Begins a deploy. */
  begin(
    given: Partial<
      Pick<
        SimulatedDeploy,
        'title' | 'isDraft' | 'isAsync' | 'files' | 'functions' | 'schedules' | 'config' | 'buildRules'
      >
    >,
  ): SimulatedDeploy {
    this.#counter += 1
    const deploy: SimulatedDeploy = {
      id: `d${createHash('sha1').update(`${this.id} ${this.#counter}`).digest('hex').slice(0, 23)}`,
      title: given.title ?? '',
      isDraft: given.isDraft ?? false,
      context: given.isDraft ? 'deploy-preview' : 'production',
      isAsync: given.isAsync ?? false,
      state: 'new',
      stateSince: Date.now(),
      error: '',
      // Times have whole milliseconds, and no two deploys the same.
      createdAt: Math.max(Date.now(), ...this.deploys.map(({ createdAt }) => createdAt + 1)),
      publishedAt: 0,
      isLocked: false,
      files: given.files ?? {},
      functions: { ...given.functions },
      schedules: given.schedules ?? [],
      config: given.config ?? {},
      env: this.#publishedEnv(),
      buildRules: given.buildRules ?? { redirects: 0, headers: 0, edgeFunctions: 0 },
      runtimes: new Map(),
      isCancelled: false,
    }
    this.deploys.push(deploy)
    return deploy
  }

  requiredFiles(deploy: SimulatedDeploy): readonly string[] {
    return [...new Set(Object.values(deploy.files))].filter((sha) => !this.blobs.has(sha))
  }

  requiredFunctions(deploy: SimulatedDeploy): readonly string[] {
    return [...new Set(Object.values(deploy.functions))].filter((sha) => !this.zips.has(sha))
  }

  /** How many deploys were begun in the last so many milliseconds. */
  deploysWithin(milliseconds: number): number {
    const since = Date.now() - milliseconds
    return this.deploys.filter(({ createdAt }) => createdAt > since).length
  }

  /** Goes on with a deploy after something of it arrived. */
  advance(deploy: SimulatedDeploy): void {
    if (deploy.state === 'ready' || deploy.state === 'error') return
    if (deploy.isAsync && deploy.state === 'new') {
      this.#enter(deploy, 'preparing')
      return
    }
    if (deploy.state === 'preparing') return
    if (!this.#isWhole(deploy)) this.#enter(deploy, 'uploading')
    else if (deploy.isAsync || this.pace.processing > 0) this.#enter(deploy, 'uploaded')
    else this.#finish(deploy)
  }

  /** What happens by itself as time goes by; called before anybody looks. */
  progress(): void {
    const { preparing, processing } = this.pace
    for (const deploy of this.deploys) {
      const elapsed = Date.now() - deploy.stateSince
      if (deploy.state === 'preparing' && elapsed >= preparing) {
        this.#enter(deploy, this.#isWhole(deploy) ? 'uploaded' : 'prepared')
      } else if (deploy.state === 'uploaded' && elapsed >= processing / 2) {
        this.#enter(deploy, 'processing')
      } else if (deploy.state === 'processing' && elapsed >= processing / 2) {
        this.#finish(deploy)
      }
    }
  }

  publish(deploy: SimulatedDeploy): void {
    this.#publishedBeforeId = this.publishedId
    this.publishedId = deploy.id
    deploy.publishedAt = Date.now()
  }

  #isWhole(deploy: SimulatedDeploy): boolean {
    return this.requiredFiles(deploy).length + this.requiredFunctions(deploy).length === 0
  }

  #enter(deploy: SimulatedDeploy, state: string): void {
    if (deploy.state === state) return
    deploy.state = state
    deploy.stateSince = Date.now()
  }

  #publishedEnv(): Readonly<Record<string, string>> {
    const values = [...this.env.values()].map(({ key, values: all }) => {
      const of = (name: string) => all.find(({ context }) => context === name)?.value
      return [key, of('production') ?? of('all')] as const
    })
    return Object.fromEntries(values.filter((one): one is [string, string] => one[1] !== undefined))
  }

  /** It is ready, and goes live at once. */
  #finish(deploy: SimulatedDeploy): void {
    this.#enter(deploy, 'ready')
    if (!deploy.isDraft && !this.published?.isLocked) this.publish(deploy)
  }

  /** Puts a site there as another tool left it: files by path and functions by name, all uploaded. */
  seed(content: {
    readonly files?: Readonly<Record<string, string>>
    readonly functions?: Readonly<Record<string, { readonly zip: Buffer; readonly mode?: string }>>
    readonly schedules?: SimulatedDeploy['schedules']
    readonly buildRules?: SimulatedDeploy['buildRules']
    readonly title?: string
  }): SimulatedDeploy {
    const files = Object.entries(content.files ?? {}).map(([path, text]) => [
      path,
      this.addBlob(Buffer.from(text)),
    ])
    const functions = Object.entries(content.functions ?? {}).map(([name, { zip, mode }]) => {
      const digest = createHash('sha256').update(zip).digest('hex')
      this.zips.set(digest, zip)
      this.runtimes.set(name, { runtime: 'js', mode })
      return [name, digest]
    })
    const deploy = this.begin({
      files: Object.fromEntries(files) as Record<string, string>,
      functions: Object.fromEntries(functions) as Record<string, string>,
      ...(content.schedules && { schedules: content.schedules }),
      ...(content.buildRules && { buildRules: content.buildRules }),
      ...(content.title !== undefined && { title: content.title }),
    })
    this.advance(deploy)
    return deploy
  }

  addBlob(content: Buffer): string {
    const sha = createHash('sha1').update(content).digest('hex')
    this.blobs.set(sha, content)
    return sha
  }

  /** As if all of it had happened that much earlier: the vendor's limits count by the minute. */
  age(milliseconds: number): void {
    for (const deploy of this.deploys) deploy.createdAt -= milliseconds
  }

  /** What Netlify reads from files, and what a build said besides. */
  rulesOf(deploy: SimulatedDeploy): SimulatedDeploy['buildRules'] {
    const textOf = (path: string) => this.blobs.get(deploy.files[path] ?? '')?.toString('utf8') ?? ''
    const lines = (text: string) =>
      text.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#'))
    const toml = textOf('/netlify.toml')
    const { buildRules } = deploy
    return {
      redirects:
        buildRules.redirects + lines(textOf('/_redirects')).length + toml.split('[[redirects]]').length - 1,
      headers:
        buildRules.headers +
        lines(textOf('/_headers')).filter((line) => line.startsWith('/')).length +
        toml.split('[[headers]]').length -
        1,
      edgeFunctions: buildRules.edgeFunctions,
    }
  }
}
