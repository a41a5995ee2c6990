import { createHash } from 'node:crypto'

/** The name that git, and so GitHub, gives to a file's content. */
export function blobSha(content: Uint8Array): string {
  return createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex')
}
