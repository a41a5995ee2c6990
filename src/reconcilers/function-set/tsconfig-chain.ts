import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/** The files that a tsconfig.json builds on may build on others; no chain is longer. */
const longestChain = 10

/**
 * Where the files that a tsconfig.json extends may lie, and those that they extend, relative to `root` as it is itself.
 * A place without a file is told too: one may appear there.
 */
export async function extendedBy(root: string, path: string, depth = 0): Promise<readonly string[]> {
  if (depth === longestChain) return []
  const text = await readFile(join(root, path), 'utf8').catch(() => undefined)
  if (text === undefined) return []
  const places = extendsIn(text).flatMap((name) => placesOf(name, dirname(path)))
  const further = await Promise.all(places.map((place) => extendedBy(root, place, depth + 1)))
  return [...places, ...further.flat()]
}

/** The names in `extends`; what cannot be read extends nothing, and the bundler says what is wrong with it. */
function extendsIn(text: string): readonly string[] {
  const strings = /"(?:\\.|[^"\\])*"/.source
  const bare = text.replaceAll(new RegExp(`${strings}|//[^\\n]*|/\\*[^]*?\\*/`, 'g'), keepString)
  const strict = bare.replaceAll(new RegExp(`${strings}|,(?=\\s*[}\\]])`, 'g'), keepString)
  try {
    const { extends: names } = JSON.parse(strict) as { readonly extends?: unknown }
    return [names].flat().filter((name): name is string => typeof name === 'string')
  } catch {
    return []
  }
}

function keepString(part: string): string {
  return part.startsWith('"') ? part : ''
}

/** TypeScript takes a name as it is, with `.json`, or as a package's folder. */
function placesOf(name: string, folder: string): readonly string[] {
  const isPath = name.startsWith('.') || name.startsWith('/')
  const bases = isPath ? [folder] : foldersAbove(folder).map((above) => join(above, 'node_modules'))
  return bases.flatMap((base) => {
    const place = name.startsWith('/') ? name : join(base, name)
    return name.endsWith('.json') ? [place] : [`${place}.json`, join(place, 'tsconfig.json')]
  })
}

function foldersAbove(folder: string): readonly string[] {
  const found: string[] = []
  for (let at = folder; ; at = dirname(at)) {
    found.push(at)
    if (at === '.' || at.endsWith('..') || dirname(at) === at) return found
  }
}
