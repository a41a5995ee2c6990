import type { NetlifyClient, Site, SiteFile } from '../../clients/netlify/client.ts'
import type { Clock } from '../../core/clock.ts'
import type { Duration } from '../../core/duration.ts'

/** Milliseconds that a list is believed. A deploy never changes, but Netlify may have shown it before it showed all of it. */
const keptFor: Duration = 300_000

interface Published {
  readonly site: Site
  readonly deployId: string
}

/** The files of what is published, listed once for all who ask within a few minutes: a large site has hundreds of pages. */
export class PublishedFiles {
  readonly #clock: Clock
  /** By site, of the deploy that was listed last. */
  readonly #lists = new Map<
    string,
    { readonly deployId: string; readonly at: number; readonly files: readonly SiteFile[] }
  >()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** All files of a deploy; undefined: it is not the published one any more. */
  async list(
    netlify: NetlifyClient,
    of: Published,
    signal: AbortSignal,
  ): Promise<readonly SiteFile[] | undefined> {
    return (
      this.#known(of) ??
      this.#keepIfPublished(netlify, of, await netlify.listFiles(of.site.id, signal), signal)
    )
  }

  /** The same, where it takes a moment; undefined: they are too many, or it is not the published one any more. */
  async listIfFew(
    netlify: NetlifyClient,
    of: Published,
    signal: AbortSignal,
  ): Promise<readonly SiteFile[] | undefined> {
    const known = this.#known(of)
    if (known) return known
    const files = await netlify.listFewFiles(of.site.id, signal)
    return files && this.#keepIfPublished(netlify, of, files, signal)
  }

  /** Whoever listed a deploy while it was published tells. */
  keep({ site, deployId }: Published, files: readonly SiteFile[]): void {
    this.#lists.set(site.id, { deployId, at: this.#clock.monotonic(), files })
  }

  /** Lets go of lists that are not believed any more. */
  dropOld(): void {
    for (const [siteId, { at }] of this.#lists) {
      if (this.#clock.monotonic() - at > keptFor) this.#lists.delete(siteId)
    }
  }

  #known({ site, deployId }: Published): readonly SiteFile[] | undefined {
    this.dropOld()
    const last = this.#lists.get(site.id)
    return last?.deployId === deployId ? last.files : undefined
  }

  /** Files are told of whatever is published at that moment. */
  async #keepIfPublished(
    netlify: NetlifyClient,
    of: Published,
    files: readonly SiteFile[],
    signal: AbortSignal,
  ): Promise<readonly SiteFile[] | undefined> {
    const { publishedId } = (await netlify.findSite(of.site.id, signal)) ?? {}
    if (publishedId !== of.deployId) return undefined
    this.keep(of, files)
    return files
  }
}
