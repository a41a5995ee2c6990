import type { Target } from '../../core/alert.ts'
import type { HttpMessage } from '../../core/courier.ts'
import { cut, isWithdrawn } from '../words.ts'
import { addressUnder, bearer, type Letter, revealed } from './letter.ts'

function post(url: string, body: unknown, headers: Readonly<Record<string, string>> = {}): HttpMessage {
  return {
    type: 'http',
    url,
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  }
}

/** Slack's incoming webhook. The three characters are all that its text takes for a command or a link. */
export function slackMessage(target: Extract<Target, { type: 'slack' }>, { words }: Letter): HttpMessage {
  const escaped = (text: string) =>
    text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
  return post(revealed(target.url), {
    text: `*${escaped(words.title)}*\n${escaped(cut(words.text, 3000))}`,
    unfurl_links: false,
    unfurl_media: false,
  })
}

/** Discord's webhook: at most 2,000 characters, and nobody is mentioned by what a message happens to hold. */
export function discordMessage(target: Extract<Target, { type: 'discord' }>, { words }: Letter): HttpMessage {
  const escaped = (text: string) => text.replace(/[\\*_~`|>#[\]()-]/g, '\\$&')
  const title = `**${cut(escaped(words.title), 500)}**`
  return post(revealed(target.url), {
    content: cut(`${title}\n${escaped(words.text)}`, 2000),
    allowed_mentions: { parse: [] },
  })
}

const ntfyPriorities = { info: 3, warning: 4, critical: 5 } as const

/** ntfy's JSON form (https://docs.ntfy.sh/publish/#publish-as-json): what is over 4,096 bytes would become a file. */
export function ntfyMessage(
  target: Extract<Target, { type: 'ntfy' }>,
  { words, notice, severity }: Letter,
): HttpMessage {
  const isFiring = notice.status === 'firing'
  return post(
    addressUnder(target.server, '/'),
    {
      topic: revealed(target.topic),
      title: words.title,
      message: cutBytes(words.text, 3500),
      priority: isFiring ? ntfyPriorities[severity] : 3,
      tags: [isFiring ? 'rotating_light' : isWithdrawn(notice) ? 'no_bell' : 'white_check_mark'],
    },
    bearer(target.token),
  )
}

function cutBytes(text: string, most: number): string {
  let shown = text
  while (Buffer.byteLength(shown) > most) shown = cut(shown, Math.floor(shown.length * 0.9))
  return shown
}
