import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseAllDocuments, stringify } from 'yaml'
import { ageDecrypt, ageEncrypt } from './age.ts'

/*
 * The file format of SOPS 3 with age recipients, as its README and its source describe it (getsops/sops: sops.go,
 * aes/cipher.go, stores/yaml/store.go), for machines that do not have the program.
 */

type Leaf = string | number | boolean | null
type Branch = { [key: string]: Node }
type Node = Leaf | Node[] | Branch

interface Metadata {
  readonly age: readonly { readonly recipient: string; readonly enc: string }[]
  readonly lastmodified: string
  readonly mac: string
  readonly encrypted_regex?: string
}

/** What the program ends with (its cmd/sops/codes). */
export const sopsCodes = Object.freeze({
  generic: 1,
  unreadable: 2,
  macMismatch: 51,
  noFile: 100,
  noKey: 128,
})

export class SopsFault extends Error {
  readonly code: number

  constructor(code: number, message: string) {
    super(message)
    this.code = code
  }
}

/** Encrypts the values below keys that the expression matches; without one, all. */
export function sopsEncrypt(
  text: string,
  options: { readonly recipient: string; readonly regex?: string },
): string {
  const { recipient, regex } = options
  const key = randomBytes(32)
  const hash = createHash('sha512')
  const isHidden = (path: readonly string[]) =>
    regex === undefined || path.some((part) => new RegExp(regex).test(part))
  const branches = parseAllDocuments(text).map((document) =>
    mapLeaves(document.toJS() as Node, [], (leaf, path) => {
      hash.update(bytesOf(leaf))
      return isHidden(path) ? seal(leaf, key, aadOf(path)) : leaf
    }),
  )
  const lastmodified = `${new Date().toISOString().slice(0, 19)}Z`
  const sops = {
    age: [{ recipient, enc: ageEncrypt(key, recipient) }],
    lastmodified,
    mac: seal(hash.digest('hex').toUpperCase(), key, lastmodified),
    ...(regex !== undefined && { encrypted_regex: regex }),
    version: '3.10.2',
  }
  return branches
    .map((branch) => stringify({ ...(branch as Branch), sops }, { indent: 4, lineWidth: 0 }))
    .join('---\n')
}

/** Rejects with `SopsFault` where no identity fits, or where somebody changed the file. */
export function sopsDecrypt(text: string, identities: readonly string[]): string {
  const branches = parseAllDocuments(text).map((document) => document.toJS() as Branch)
  const metadata = branches[0]?.sops as unknown as Metadata | undefined
  if (!metadata) throw new SopsFault(sopsCodes.generic, 'sops metadata not found')
  const key = dataKeyOf(metadata, identities)
  const hash = createHash('sha512')
  const clear = branches.map(({ sops: _, ...branch }) =>
    mapLeaves(branch, [], (leaf, path) => {
      const opened = open(leaf, key, aadOf(path))
      hash.update(bytesOf(opened))
      return opened
    }),
  )
  const mac = open(metadata.mac, key, metadata.lastmodified)
  if (mac !== hash.digest('hex').toUpperCase()) throw new SopsFault(sopsCodes.macMismatch, 'MAC mismatch')
  return clear.map((branch) => stringify(branch, { indent: 4, lineWidth: 0 })).join('---\n')
}

/** Puts the stand-in into a folder for programs. It waits for `SOPS_DELAY` ms first, and counts its calls in `SOPS_CALLS`. */
export async function installSops(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true })
  const program = fileURLToPath(new URL('children/sops.ts', import.meta.url))
  await writeFile(join(folder, 'sops'), `#!/bin/sh\nexec "${process.execPath}" "${program}" "$@"\n`)
  await chmod(join(folder, 'sops'), 0o755)
  return folder
}

function dataKeyOf({ age }: Metadata, identities: readonly string[]): Buffer {
  for (const { enc } of age) {
    for (const identity of identities) {
      const key = ageDecrypt(enc, identity)
      if (key) return key
    }
  }
  throw new SopsFault(
    sopsCodes.noKey,
    'Failed to get the data key required to decrypt the SOPS file.\n\nGroup 0: FAILED',
  )
}

/** Items of a list have the path of the list. */
function mapLeaves(
  node: Node,
  path: readonly string[],
  of: (leaf: Leaf, path: readonly string[]) => Leaf,
): Node {
  if (Array.isArray(node)) return node.map((item) => mapLeaves(item, path, of))
  if (node === null || typeof node !== 'object') return node === null ? null : of(node, path)
  return Object.fromEntries(
    Object.entries(node).map(([key, item]) => [key, mapLeaves(item, [...path, key], of)]),
  )
}

function aadOf(path: readonly string[]): string {
  return `${path.join(':')}:`
}

function bytesOf(leaf: Leaf): string {
  return typeof leaf === 'boolean' ? (leaf ? 'True' : 'False') : String(leaf)
}

function typeOf(leaf: Leaf): string {
  if (typeof leaf === 'boolean') return 'bool'
  if (typeof leaf === 'number') return Number.isInteger(leaf) ? 'int' : 'float'
  return 'str'
}

function seal(leaf: Leaf, key: Buffer, aad: string): string {
  if (leaf === '') return ''
  const iv = randomBytes(32)
  const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(aad))
  const data = Buffer.concat([cipher.update(bytesOf(leaf), 'utf8'), cipher.final()])
  const parts = [data, iv, cipher.getAuthTag()].map((part) => part.toString('base64'))
  return `ENC[AES256_GCM,data:${parts[0]},iv:${parts[1]},tag:${parts[2]},type:${typeOf(leaf)}]`
}

function open(leaf: Leaf, key: Buffer, aad: string): Leaf {
  const found = /^ENC\[AES256_GCM,data:(.*),iv:(.+),tag:(.+),type:(.+)\]$/.exec(String(leaf))
  if (!found) return leaf
  const [, data = '', iv = '', tag = '', type] = found
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(iv, 'base64'))
    decipher.setAAD(Buffer.from(aad)).setAuthTag(Buffer.from(tag, 'base64'))
    const text = decipher.update(data, 'base64', 'utf8') + decipher.final('utf8')
    return type === 'bool' ? text === 'True' : type === 'int' || type === 'float' ? Number(text) : text
  } catch {
    throw new SopsFault(
      25,
      'Error decrypting tree: Could not decrypt value: cipher: message authentication failed',
    )
  }
}
