import type { Answer } from './route.ts'

/** Entries on a page, at most and where nothing is said ("paginated to 100 items by default", Netlify's guide to its API). */
const longestPage = 100

/** The page of a list that is asked for, and the `Link` that tells whether there are more; what is no list is whole. */
export function pageOf(
  { status, body }: Answer,
  { method, url }: { readonly method: string; readonly url: URL },
): Answer & { readonly link?: string } {
  if (method !== 'GET' || status !== 200 || !Array.isArray(body)) return { status, body }
  const size = Math.min(longestPage, Number(url.searchParams.get('per_page') ?? longestPage))
  const page = Number(url.searchParams.get('page') ?? 1)
  const shown: readonly unknown[] = body.slice((page - 1) * size, page * size)
  const last = Math.ceil(body.length / size)
  if (page >= last) return { status, body: shown }
  const at = (number: number) => {
    const address = new URL(url)
    address.searchParams.set('page', `${number}`)
    address.searchParams.set('per_page', `${size}`)
    return address.href
  }
  return { status, body: shown, link: `<${at(page + 1)}>; rel="next", <${at(last)}>; rel="last"` }
}
