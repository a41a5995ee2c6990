import type { KnownWord } from '../shell/call.ts'
import { readOptions } from '../shell/option-words.ts'
import type { Need, ScriptRunner } from './need.ts'
import {
  both,
  handSources,
  here,
  needing,
  nothing,
  type Rule,
  scriptNeed,
  type Understanding,
} from './understanding.ts'

/** npm-run-all, run-s and run-p: patterns of names, with `--` ending what is meant for it. */
export const runAll: Rule = (call) => {
  const place = here(call)
  if (!place) return nothing
  const needs: Need[] = []
  for (let index = 0; index < call.written.length; index += 1) {
    const word = call.written[index] ?? ''
    if (word === '--') break
    if (word === '--max-parallel' || word === '--npm-path') index += 1
    if (word.startsWith('-') || /[$`]/.test(word)) continue
    const name = word.split(/\s+/)[0] ?? ''
    if (name !== '') needs.push(scriptNeed(place, name, { isPattern: /[*?!{[(]/.test(name) }))
  }
  return needing(needs)
}

/** concurrently: whole commands, and `npm:NAME` with patterns. */
export const concurrently: Rule = (call) => {
  const withValue = new Set([
    '-n',
    '--names',
    '-c',
    '--prefix-colors',
    '-p',
    '--prefix',
    '-m',
    '--max-processes',
    '-s',
    '--success',
    '-l',
    '--prefix-length',
    '-t',
    '--timestamp-format',
    '--restart-tries',
    '--restart-after',
    '--hide',
    '--default-input-target',
    '--name-separator',
    '--kill-signal',
    '--cwd',
    '--teardown',
  ])
  const { operands } = readOptions(call.args, { stopsAtOperand: false, withValue })
  const place = here(call)
  const all = operands.map((at): Understanding => {
    const [, runner, name] = wildcardOf(call.written[at] ?? '') ?? []
    if (runner === undefined || name === undefined || !place) return handSources(call, [call.args[at]])
    const hooksOf = runner === 'node' ? undefined : (runner as ScriptRunner)
    return needing([scriptNeed(place, name, { isPattern: name.includes('*'), isWildcard: true, hooksOf })])
  })
  return both(...all)
}

/** `npm:NAME`, and `npm run NAME*`, which concurrently expands too: the runner and the name. */
function wildcardOf(written: string): RegExpExecArray | null {
  return (
    /^(npm|yarn|pnpm|bun|node):(\S+)/.exec(written) ??
    /^(npm|yarn|pnpm|bun) run (\S*\*\S*)/.exec(written) ??
    /^(node) --run (\S*\*\S*)/.exec(written)
  )
}

/** start-server-and-test START URL TEST [URL TEST ...]: scripts by name, or whole commands. */
export const startAndTest: Rule = (call) => {
  const place = here(call)
  const { operands } = readOptions(call.args, { stopsAtOperand: false, withValue: new Set(['--expect']) })
  const words = operands.map((at) => call.args[at])
  const isAddress = (word: KnownWord) =>
    word !== undefined && /^(\d+|https?|tcp|socket|:|\||localhost)/.test(word)
  const named = words.filter((word, index) => word !== undefined && !(isAddress(word) && index > 0))
  return both(
    ...named.map((word) => {
      if (word === undefined || !place) return nothing
      return /\s/.test(word) ? handSources(call, [word]) : needing([scriptNeed(place, word)])
    }),
  )
}
