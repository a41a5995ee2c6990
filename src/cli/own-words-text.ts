import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const folder = join(import.meta.dirname, '../..')

/**
 * All words that stand in our sources and schemas, in small letters, with a space after each: what this program says is
 * made of them. Comments are left out. The build puts its result in the place of this function.
 */
export function ownWordsText(): string {
  const sources = readdirSync(join(folder, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => readFileSync(join(folder, 'src', path), 'utf8').replace(/^\s*(?:\/\/|\/?\*).*$/gm, ''))
  const schemas = readdirSync(join(folder, 'schemas'))
    .filter((path) => path.endsWith('.json'))
    .map((path) => readFileSync(join(folder, 'schemas', path), 'utf8'))
  const words = [...sources, ...schemas].flatMap(
    (text) => text.toLowerCase().match(/[a-z\d]*[a-z][a-z\d]*/g) ?? [],
  )
  return [...new Set(words)].sort().join(' ')
}
