/** Names of resources for names of PM2, each given once. */
export class ResourceNames {
  readonly #taken = new Set<string>()

  /** The name itself where it may be one, or else what is left of it: lower case, `-` for what is not allowed. */
  take(pm2Name: string): string {
    const name = resourceNameOf(pm2Name)
    let free = name
    for (let number = 2; this.#taken.has(free); number += 1) free = `${name}-${number}`
    this.#taken.add(free)
    return free
  }
}

function resourceNameOf(pm2Name: string): string {
  const parts = pm2Name
    .toLowerCase()
    .slice(0, 200)
    .split('.')
    .map((part) => part.replace(/[^a-z0-9]+/g, '-').replace(/^-+|-+$/g, ''))
  return parts.filter((part) => part !== '').join('.') || 'process'
}
