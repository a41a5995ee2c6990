import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml'
import { SourceError } from './source-error.ts'
import { type Static, scalar, unknown } from './value.ts'

/** The value of a YAML file. Throws `SourceError` at the first fault. */
export function readYaml(file: string, text: string): Static {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, merge: true })
  const [fault] = document.errors
  if (fault) {
    const { line, col } = lines.linePos(fault.pos[0])
    const [message = ''] = fault.message.split('\n')
    throw new SourceError(`${message.replace(/ at line \d+, column \d+:?$/, '')} (column ${col})`, {
      file,
      line,
    })
  }
  const walk = (node: unknown, depth: number): Static => {
    const start = (node as Partial<Node> | null)?.range?.[0]
    const at = { file, line: start === undefined ? 1 : lines.linePos(start).line }
    if (depth > 50) return unknown('nested too deep', at)
    if (isAlias(node)) return walk(node.resolve(document), depth + 1)
    if (isSeq(node)) return { type: 'list', items: node.items.map((item) => walk(item, depth + 1)), at }
    if (isMap(node)) {
      const entries = new Map<string, Static>()
      for (const { key, value } of node.items) {
        const child = walk(value, depth + 1)
        const merged = isMergeKey(key) ? mapsIn(child) : undefined
        for (const [inner, each] of merged ?? []) if (!entries.has(inner)) entries.set(inner, each)
        if (!merged) entries.set(String(isScalar(key) ? key.value : key), child)
      }
      return { type: 'map', entries, at }
    }
    const value = isScalar(node) ? node.value : null
    const isPlain = value === null || ['string', 'number', 'boolean'].includes(typeof value)
    return isPlain
      ? scalar(value as string | number | boolean | null, at)
      : unknown('a value of another type', at)
  }
  return walk(document.contents, 0)
}

/** `<<`, which the parser gives as a symbol. */
function isMergeKey(key: unknown): boolean {
  return isScalar(key) && (key.value === '<<' || typeof key.value === 'symbol')
}

/** The fields of what is merged, the first of one name before others; undefined: nothing that can be merged. */
function mapsIn(value: Static): readonly (readonly [string, Static])[] | undefined {
  if (value.type === 'map') return [...value.entries]
  if (value.type !== 'list') return undefined
  const maps = value.items.map(mapsIn)
  return maps.every((map) => map !== undefined) ? maps.flat() : undefined
}
