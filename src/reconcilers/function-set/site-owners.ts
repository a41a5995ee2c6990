import type { ResourceId } from '../../core/resource.ts'

/** One resource, and the site that it names. */
export interface SiteClaim {
  readonly id: ResourceId
  /** The site as the manifest names it. */
  readonly name: string
  readonly siteId: string
  /** Whether the inventory gives it to the resource. */
  readonly isOwned: boolean
}

/**
 * Which declared resource acts on which site. A manifest may name a site by its name or by its id, so that two that
 * name one site are seen only when both were looked up.
 */
export class SiteOwners {
  readonly #claims = new Map<ResourceId, SiteClaim>()
  readonly #gone = new Set<ResourceId>()

  /** It is declared, and this is its site. */
  note(claim: SiteClaim): void {
    // Two of one name cannot be declared: this one was called otherwise before.
    for (const [id, { name }] of this.#claims) if (name === claim.name) this.#claims.delete(id)
    this.#claims.set(claim.id, claim)
    this.#gone.delete(claim.id)
  }

  /** It is not declared any more. */
  forget(id: ResourceId): void {
    this.#claims.delete(id)
    this.#gone.add(id)
  }

  /** Whether a declared resource acts on a site. */
  isClaimed(siteId: string): boolean {
    return [...this.#claims.values()].some((claim) => claim.siteId === siteId)
  }

  /**
   * Who else acts on the site, and goes before: the one that deployed last, then one that the inventory knows, then the
   * first by its id. Where only the title of what is published names another, that one may be declared where we do not
   * look: it goes before too, unless the inventory or `adopt` gives the site to us.
   */
  rivalOf(
    claim: Omit<SiteClaim, 'name'>,
    seen: { readonly deployedBy: readonly (ResourceId | undefined)[]; readonly isAdopted: boolean },
  ): ResourceId | undefined {
    const { id, siteId } = claim
    const all = [...this.#claims.values()].filter((one) => one.siteId === siteId)
    if (all.length > 1) {
      const ids = new Set(all.map((one) => one.id))
      const last = seen.deployedBy.find((one) => one !== undefined && ids.has(one))
      const [known] = all
        .filter(({ isOwned }) => isOwned)
        .map((one) => one.id)
        .sort()
      const first = last ?? known ?? [...ids].sort()[0]
      return first === id ? undefined : first
    }
    const other = seen.deployedBy.find((one) => one !== undefined)
    const isOurs = claim.isOwned || seen.isAdopted || other === id
    return other === undefined || isOurs || this.#gone.has(other) ? undefined : other
  }
}
