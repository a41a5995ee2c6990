import type { IssueComment, IssueComments } from '../clients/github/issue-comments.ts'

/** Keeps one comment of ours: the oldest is renewed, doubles go, and what others wrote is never touched. */
export async function keepOneComment(comments: IssueComments, marker: string, text: string): Promise<void> {
  const body = `${marker}\n${text}`
  const self = await comments.self()
  const isOurs = ({ author, body }: IssueComment) =>
    body.startsWith(marker) && (self === undefined ? author.isBot : author.login === self)
  const [first, ...doubles] = (await comments.list()).filter(isOurs)
  if (!first) await comments.create(body)
  else if (first.body !== body) await comments.update(first.id, body)
  for (const { id } of doubles) await comments.remove(id)
}

/** Names our comment of one folder and environment; a run of another writes another. */
export function markerOf(manifests: string, environment: string): string {
  // What would end the HTML comment is taken out.
  const safe = (text: string) => text.replaceAll(/[^\w./@ -]|--/g, '_')
  return `<!-- reconciled:${safe(manifests)}:${safe(environment)} -->`
}
