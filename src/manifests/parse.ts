import { isScalar, type Node, parseAllDocuments } from 'yaml'
import type { Diagnostic } from '../core/diagnostic.ts'
import { faultAt } from './fault.ts'
import { precheck, tooDeep } from './precheck.ts'
import type { SourceFile } from './source-file.ts'
import { syntaxFaults } from './syntax-faults.ts'
import type { Tree } from './tree.ts'
import { TreeBuilder } from './tree-builder.ts'

/** The documents of one file. Those that are not YAML are missing; their faults are told. */
export interface ParsedFile {
  readonly file: SourceFile
  readonly documents: readonly Tree[]
  readonly diagnostics: readonly Diagnostic[]
  /** The text of each document that is missing. */
  readonly unread: readonly string[]
}

/** YAML 1.2 and nothing beside it: no merge keys, and texts as the only keys. */
const options = {
  version: '1.2',
  schema: 'core',
  merge: false,
  strict: true,
  stringKeys: true,
  // The parser compares each key with each other one; `TreeBuilder` looks them up instead.
  uniqueKeys: false,
  prettyErrors: false,
  logLevel: 'silent',
} as const

/** Parses all documents of a file. What cannot be parsed is told, and never thrown. */
export function parseManifest(file: SourceFile): ParsedFile {
  const refused = precheck(file)
  if (refused) return { file, documents: [], diagnostics: [refused], unread: [file.text] }
  try {
    return parseChecked(file)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    // The stack ended: something nested that the precheck does not count, such as a row of tags.
    return {
      file,
      documents: [],
      diagnostics: [tooDeep({ file, start: 0, end: 1 })],
      unread: [file.text],
    }
  }
}

function parseChecked(file: SourceFile): ParsedFile {
  const parsed = parseAllDocuments(file.text, options)
  const documents: Tree[] = []
  const diagnostics: Diagnostic[] = []
  const unread: string[] = []
  let end = 0
  for (const document of Array.isArray(parsed) ? parsed : []) {
    const start = end
    end = document.range[2]
    const { explicit, version } = document.directives.yaml
    if (explicit && version !== '1.2') {
      const start = Math.max(0, file.text.indexOf('%YAML'))
      diagnostics.push(
        faultAt(
          { file, start, end: start + '%YAML'.length },
          {
            code: 'yaml-version',
            message: `Expected YAML 1.2, got YAML ${version}`,
            hint: 'Remove the line: `no` and `on` are texts then.',
          },
        ),
      )
    }
    const errors = [...document.errors, ...document.warnings].sort((a, b) => a.pos[0] - b.pos[0])
    diagnostics.push(...syntaxFaults(file, errors))
    if (errors.length > 0) unread.push(file.text.slice(start, end))
    if (errors.length > 0 || !document.contents || isNothing(document.contents)) continue
    const builder = new TreeBuilder(file)
    const root = builder.build(document.contents)
    diagnostics.push(...builder.diagnostics)
    if (root) documents.push(root)
    else unread.push(file.text.slice(start, end))
  }
  if (documents.length === 0 && diagnostics.length === 0) {
    diagnostics.push(
      faultAt(
        { file, start: 0, end: 1 },
        {
          code: 'empty-file',
          message: 'The file holds no document',
          hint: 'Delete it, or list it in .reconcileignore.',
        },
      ),
    )
  }
  return { file, documents, diagnostics, unread }
}

function isNothing(node: Node): boolean {
  return isScalar(node) && node.value === null && !node.source
}
