import { dirname } from 'node:path'
import type { ImportPlace } from '../../../../core/import.ts'
import { calls, moduleNamed } from './builtins.ts'
import type { Reading } from './reading.ts'
import { type Static, scalar, unknown } from './value.ts'

/** What a call of something of Node's or of JavaScript's own gives. */
export function callBuiltin(
  name: string,
  args: readonly Static[],
  reading: Reading,
  at: ImportPlace,
): Static {
  const [first] = args
  if (name === 'require' && first?.type === 'scalar' && typeof first.value === 'string') {
    return (
      moduleNamed(first.value, at) ??
      (/^\.{0,2}\//.test(first.value) ? reading.requireFile(first.value) : undefined) ??
      unknown(`the module ${first.value}`, at)
    )
  }
  if (name === 'process.cwd') return scalar(dirname(reading.file), at)
  const given = name === 'path.resolve' ? [scalar(dirname(reading.file), at), ...args] : args
  const plain = name === 'url.fileURLToPath' ? given.map(addressOf) : given
  return calls[name]?.(plain, at) ?? unknown(`a call of ${name}`, at)
}

/** `new URL(...)`. As a text it is what fileURLToPath takes, and `.pathname` is what people read from it. */
export function urlOf(args: readonly Static[], at: ImportPlace): Static {
  const [path, base] = args.map((value) => (value.type === 'scalar' ? value.value : undefined))
  if (typeof path !== 'string' || !URL.canParse(path, typeof base === 'string' ? base : undefined)) {
    return unknown('an address that has to be run', at)
  }
  const { href, pathname } = new URL(path, typeof base === 'string' ? base : undefined)
  return {
    type: 'map',
    entries: new Map([
      ['href', scalar(href, at)],
      ['pathname', scalar(pathname, at)],
    ]),
    at,
  }
}

/** Of what `new URL` gave its address as a text. */
function addressOf(value: Static): Static {
  return (value.type === 'map' ? value.entries.get('href') : undefined) ?? value
}
