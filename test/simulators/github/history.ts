/** One commit: a whole state of the files, and what it was made from. */
export interface SimulatedCommit {
  readonly sha: string
  readonly parents: readonly string[]
  readonly files: ReadonlyMap<string, Buffer>
}

/** The commits of a repository, whatever branches there are. */
export class History {
  readonly #commits = new Map<string, SimulatedCommit>()

  add(commit: SimulatedCommit): void {
    this.#commits.set(commit.sha, { ...commit, files: new Map(commit.files) })
  }

  /** Changes what a commit holds. */
  amend(sha: string, files: ReadonlyMap<string, Buffer>): void {
    this.add({ sha, parents: this.get(sha)?.parents ?? [], files })
  }

  get(sha: string): SimulatedCommit | undefined {
    return this.#commits.get(sha)
  }

  /** A commit and all that came before it, newest first. */
  upTo(sha: string): readonly string[] {
    const found = new Set<string>()
    const rest = [sha]
    for (let next = rest.shift(); next !== undefined; next = rest.shift()) {
      if (found.has(next)) continue
      found.add(next)
      rest.push(...(this.#commits.get(next)?.parents ?? []))
    }
    return [...found]
  }

  /** Paths that a commit changed since it parted from another one. */
  changesOf(sha: string, since: string): ReadonlyMap<string, Buffer | undefined> {
    const ofOther = new Set(this.upTo(since))
    const base = this.#filesOf(this.upTo(sha).find((each) => ofOther.has(each)) ?? '')
    const own = this.#filesOf(sha)
    const paths = [...new Set([...base.keys(), ...own.keys()])]
    const changed = paths.filter((path) => String(base.get(path)) !== String(own.get(path)))
    return new Map(changed.map((path) => [path, own.get(path)]))
  }

  /** Paths that two commits changed differently since they parted: git cannot merge them. */
  conflictsOf(a: string, b: string): readonly string[] {
    const ofB = this.changesOf(b, a)
    return [...this.changesOf(a, b)]
      .filter(([path, content]) => ofB.has(path) && String(ofB.get(path)) !== String(content))
      .map(([path]) => path)
  }

  #filesOf(sha: string): ReadonlyMap<string, Buffer> {
    return this.get(sha)?.files ?? new Map()
  }
}
