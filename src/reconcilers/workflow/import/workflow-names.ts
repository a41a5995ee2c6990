/** Names of resources for workflow files, each given once. */
export class WorkflowNames {
  readonly #taken = new Set<string>()

  /** The file's name without its ending, after that of `repository` where several are imported. */
  take(path: string, repository: string | undefined): string {
    const stem = path.slice(path.lastIndexOf('/') + 1).replace(/\.ya?ml$/, '')
    const prefix = repository === undefined ? '' : `${repository.slice(repository.indexOf('/') + 1)}-`
    const name = resourceNameOf(`${prefix}${stem}`)
    let free = name
    for (let number = 2; this.#taken.has(free); number += 1) free = `${name}-${number}`
    this.#taken.add(free)
    return free
  }
}

/** Lower case, and `-` for what a resource's name may not hold. */
function resourceNameOf(text: string): string {
  const parts = text
    .toLowerCase()
    .slice(0, 200)
    .split('.')
    .map((part) => part.replace(/[^a-z0-9]+/g, '-').replace(/^-+|-+$/g, ''))
  return parts.filter((part) => part !== '').join('.') || 'workflow'
}
