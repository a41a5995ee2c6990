import { ReconcileError } from '../../core/errors.ts'

/** Entries on a page ("Requests that return multiple items will be paginated to 100 items by default", Netlify's guide to its API). */
const entriesPerPage = 100

/** The most pages that are asked for. */
const mostPages = 1000

/** The most pages that are asked for where there is little time. */
const fewPages = 10

/** One page of a list, as it was answered. */
export interface Page<T> {
  readonly entries: readonly T[]
  /** Of its `Link` header; empty: it has none. */
  readonly link: string
}

type Ask<T> = (page: Readonly<Record<string, string>>) => Promise<Page<T>>

/** All entries of a list, page by page. */
export async function readPages<T>(what: string, ask: Ask<T>): Promise<readonly T[]> {
  const found = await readUpTo(mostPages, ask)
  if (found) return found
  throw new ReconcileError(
    'RemoteAnswerInvalid',
    `Could not ${what}: Netlify gives more than ${mostPages} pages of it`,
  )
}

/** The same, where the list is short; undefined: it is not. */
export function readFewPages<T>(ask: Ask<T>): Promise<readonly T[] | undefined> {
  return readUpTo(fewPages, ask)
}

/**
 * Undefined: there are more pages. The `Link` of an answer says whether there are more; which lists have one is not
 * described, so that a page that is just full is followed by a look at the next one. Where a list does not know of pages
 * that is the same one again, and it is over.
 */
async function readUpTo<T>(most: number, ask: Ask<T>): Promise<readonly T[] | undefined> {
  const found = new Map<string, T>()
  for (let page = 1; page <= most; page += 1) {
    const query = page === 1 ? {} : { page: `${page}`, per_page: `${entriesPerPage}` }
    const { entries, link } = await ask(query)
    const before = found.size
    for (const entry of entries) found.set(JSON.stringify(entry), entry)
    const mayGoOn = hasNext(link) || (link === '' && entries.length === entriesPerPage)
    if (!mayGoOn || found.size === before) return [...found.values()]
  }
  return undefined
}

/** https://docs.netlify.com/api-and-cli-guides/api-guides/get-started-with-api/#link-header */
function hasNext(link: string): boolean {
  return /;\s*rel="?next"?/i.test(link)
}
