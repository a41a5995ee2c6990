import { realpath } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import type { Diagnostic } from '../core/diagnostic.ts'
import { type ResourceId, resourceId } from '../core/resource.ts'
import { classify, type Document, isDocument } from './document.ts'
import { type Finding, faultAt, faultOfFile } from './fault.ts'
import { hiddenInText, hiddenInTree, type RulingKind, rulingKinds } from './hidden-settings.ts'
import { limits } from './limits.ts'
import type { ParsedFile } from './parse.ts'
import { parsePlain } from './parse-plain.ts'
import type { ParsedFiles } from './parsed-files.ts'
import { readText, type TextReading } from './read-text.ts'
import { scanIds } from './scan-ids.ts'
import { createSourceFile, type SourceFile } from './source-file.ts'
import { childOf, type Tree, textOf } from './tree.ts'
import { validateDocument } from './validate.ts'

/** One manifest as it was read: its documents, and what is wrong with it by itself. */
export interface ManifestFile {
  /** Absolute. */
  readonly path: string
  /** Undefined where it could not be read. */
  readonly text: string | undefined
  readonly documents: readonly Document[]
  readonly diagnostics: readonly Diagnostic[]
  /** Ids that the text seems to declare, also where it is broken. */
  readonly readableIds: readonly ResourceId[]
  /** Ruling kinds that something in it may be of which nobody can tell the name. */
  readonly hidden: readonly RulingKind[]
  /** Whether it was read and nothing in it is meant for us: it may be the content of something, such as a workflow. */
  readonly isForeign: boolean
}

/** How many files are read at once. */
const batch = 16

/**
 * Reads files and parses what is not in `parsed`, in their order. Files that a valid document names as its `source` are
 * left out, unless they hold something for us: no manifest may switch another one off.
 */
export async function readManifestFiles(
  paths: readonly string[],
  kinds: readonly string[],
  parsed?: ParsedFiles<ManifestFile>,
): Promise<readonly ManifestFile[]> {
  const files: ManifestFile[] = []
  for (let at = 0; at < paths.length; at += batch) {
    const reading = paths.slice(at, at + batch).map((path) => readManifestFile(path, kinds, parsed))
    files.push(...(await Promise.all(reading)))
  }
  if (!files.some(({ isForeign }) => isForeign)) return files
  const sources = await sourcesOf(files)
  return files.filter(({ path, isForeign }) => !isForeign || !sources.has(path))
}

async function readManifestFile(
  path: string,
  kinds: readonly string[],
  parsed: ParsedFiles<ManifestFile> | undefined,
): Promise<ManifestFile> {
  const reading = await readText(path, limits.bytes)
  if (reading.type === 'text')
    return parsed?.find(path, reading.text) ?? parseManifestFile(path, reading.text, kinds)
  return {
    path,
    text: undefined,
    documents: [],
    diagnostics: [faultOfReading(path, reading)],
    readableIds: [],
    hidden: hiddenInReading(reading),
    isForeign: false,
  }
}

/** As `readManifestFiles`, of a text that is at hand. */
export async function parseManifestFile(
  path: string,
  text: string,
  kinds: readonly string[],
): Promise<ManifestFile> {
  const parsed = await parseText(createSourceFile(path, text))
  const documents: Document[] = []
  const diagnostics = [...parsed.diagnostics]
  const others: { readonly root: Tree; readonly isForeign: boolean }[] = []
  for (const [index, root] of parsed.documents.entries()) {
    const found = classify(root, kinds, index)
    if (isDocument(found)) documents.push(found)
    else {
      diagnostics.push(found)
      others.push({ root, isForeign: foreignCodes.has(found.code) })
    }
  }
  const readableIds = diagnostics.length > 0 ? scanIds(text, kinds) : documents.map((document) => document.id)
  const hidden = parsed.unread.flatMap(hiddenInText)
  for (const { root, isForeign } of others) {
    // What names its program is what it says; `kind: Policy` alone may be meant for us.
    const kind = isForeign && childOf(root, 'apiVersion') ? undefined : hiddenInTree(root, kinds)
    const name = textOf(childOf(root, 'metadata'), 'name') ?? ''
    if (kind && !readableIds.includes(resourceId(kind, name))) hidden.push(kind)
  }
  const isForeign =
    others.length + parsed.unread.length > 0 &&
    documents.length + readableIds.length + hidden.length === 0 &&
    others.every((other) => other.isForeign) &&
    !parsed.unread.some((part) => ours.test(part))
  return { path, text, documents, diagnostics, readableIds, hidden, isForeign }
}

/** What `classify` finds of documents that are somebody else's. */
const foreignCodes: ReadonlySet<string> = new Set(['other-program', 'not-a-resource'])
/** Something of ours in what cannot be parsed. */
const ours = /\breconcil\w*\.dev\//

/** The parser of all of YAML is loaded for the first text that is not plain. */
async function parseText(file: SourceFile): Promise<Omit<ParsedFile, 'file'>> {
  const plain = parsePlain(file)
  if (plain) return { documents: plain, diagnostics: [], unread: [] }
  const { parseManifest } = await import('./parse.ts')
  return parseManifest(file)
}

/** Files that stand in the folder and are the content of something, such as a workflow, and no manifests. */
async function sourcesOf(files: readonly ManifestFile[]): Promise<ReadonlySet<string>> {
  const sources = new Set<string>()
  for (const { documents, path } of files) {
    for (const { kind, root } of documents) {
      const source = textOf(childOf(root, 'spec'), 'source')
      // Only a kind that has the field is valid with it.
      if (source === undefined || validateDocument(kind, root).length > 0) continue
      const place = resolve(dirname(path), source)
      sources.add(place)
      const real = await realpath(place).catch(() => undefined)
      if (real !== undefined) sources.add(real)
    }
  }
  return sources
}

/** What could not be opened, or not to its end, may hold anything. */
function hiddenInReading(reading: Exclude<TextReading, { type: 'text' }>): readonly RulingKind[] {
  switch (reading.type) {
    case 'absent':
    case 'special':
      return []
    case 'not-utf8':
      return hiddenInText(reading.legible)
    case 'too-large':
    case 'unreadable':
      return rulingKinds
  }
}

function faultOfReading(path: string, reading: Exclude<TextReading, { type: 'text' }>): Diagnostic {
  const whole = (finding: Finding) => faultOfFile(path, finding)
  switch (reading.type) {
    case 'absent':
      return whole({ code: 'file-missing', message: 'The file does not exist', hint: 'Correct the name.' })
    case 'special':
      return whole({
        code: 'file-special',
        message: 'Expected a regular file, got a device, a pipe or a socket',
        hint: 'Put a regular file there.',
      })
    case 'too-large':
      return whole({
        code: 'file-too-large',
        message: `Expected at most ${limits.bytes / 1024} KiB in one file`,
        hint: 'Split it: any number of files is read.',
      })
    case 'not-utf8': {
      const file = createSourceFile(path, reading.before)
      const at = reading.before.length
      const { position } = faultAt({ file, start: at, end: at }, { code: 'not-utf8', message: '' })
      return {
        ...whole({ code: 'not-utf8', message: 'Expected UTF-8 text', hint: 'Save the file as UTF-8.' }),
        position,
      }
    }
    case 'unreadable':
      return whole({
        code: 'file-unreadable',
        message: `The file could not be read: ${reading.code}`,
        hint: 'Allow the user to read it.',
      })
  }
}
