import type { HttpAnswer } from '../net/http-line.ts'
import { notOf, type UnreadableAnswer } from '../vendor/unreadable-answer.ts'

/**
 * Why an answer cannot be Netlify's, although his API was asked: it neither shows pages nor sends anybody on. A fault of
 * his own may be a page of the servers before him, and he may refuse in plain words.
 */
export function strangeIn({ status, headers, text }: HttpAnswer): UnreadableAnswer | undefined {
  if (status >= 500) return undefined
  if (status >= 300 && status < 400) return notOf('Netlify', `sent it elsewhere (${status})`)
  const isPage = /\bhtml\b/i.test(headers['content-type'] ?? '') || /^\s*</.test(text)
  return isPage ? notOf('Netlify', `answered ${status} and a page`) : undefined
}
