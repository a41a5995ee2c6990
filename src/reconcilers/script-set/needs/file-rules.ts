import { type OptionRules, readOptions } from '../shell/option-words.ts'
import { fileRule, nodeOptions } from './file-runners.ts'
import {
  both,
  fileNeed,
  handSources,
  here,
  needing,
  nothing,
  type Rule,
  scriptNeed,
} from './understanding.ts'

/** The `o` of a cluster takes the next word, wherever it stands: `-euo pipefail`. */
const shellOptions: OptionRules = {
  withValue: new Set(['--rcfile', '--init-file']),
  takesNext: /^[-+][A-Za-z]*[oO][A-Za-z]*$/,
}

/** Node itself: a file, or with `--run` a script. */
export const node: Rule = (call) => {
  const { options } = readOptions(call.args, { withValue: new Set([...nodeOptions, '--run']) })
  const name = options.get('--run')
  if (options.has('--run'))
    return needing(name === undefined ? [] : [scriptNeed(here(call), name, { hooksOf: undefined })])
  return fileRule('node')(call)
}

/** A shell: a file, or with `-c` a text. */
export const shell: Rule = (call) => {
  const read = readOptions(call.args, shellOptions)
  const { given, operands, afterDashes } = read
  const hasSwitch = (letter: string) =>
    given.some(({ name }) => /^-[A-Za-z]+$/.test(name) && name.includes(letter))
  const at = operands[0] ?? afterDashes
  const first = at === undefined ? undefined : call.args[at]
  if (hasSwitch('c')) {
    const hasPipefail = given.some(({ value }) => value === 'pipefail')
    return handSources(call, [first], { shell: /^(ba|z|k)sh$/.test(call.name) ? 'bash' : 'sh', hasPipefail })
  }
  // With `-s` and `-` it reads its standard input.
  const isFile = first !== undefined && first !== '-' && !hasSwitch('s') && call.folder !== undefined
  return needing(isFile ? [fileNeed(call, first, 'read', call.name)] : [])
}

/** `. file`. */
export const sourced: Rule = (call) => {
  const [file] = call.args
  return needing(
    file?.includes('/') && call.folder !== undefined ? [fileNeed(call, file, 'read', call.name)] : [],
  )
}

/** nodemon: a file, or with `--exec` a text. */
export const nodemon: Rule = (call) => {
  const withValue = new Set([
    '-w',
    '--watch',
    '-e',
    '--ext',
    '-x',
    '--exec',
    '-i',
    '--ignore',
    '-d',
    '--delay',
    '--config',
    '--signal',
    '-r',
    '--require',
    '-C',
    '--cwd',
  ])
  const { operands, options } = readOptions(call.args, { withValue })
  const command = options.get('-x') ?? options.get('--exec')
  const isExec = options.has('-x') || options.has('--exec')
  const file = operands[0] === undefined ? undefined : call.args[operands[0]]
  const isNode = !isExec && file !== undefined && /(^|\/)[^.]+$|\.[cm]?js$/.test(file)
  const needs = isNode && call.folder !== undefined ? [fileNeed(call, file, 'node', 'nodemon')] : []
  return both(
    needing(needs),
    isExec ? handSources(call, [command?.includes(' ') ? command : undefined]) : nothing,
  )
}

/** `pm2 start FILE`. */
export const pm2: Rule = (call) => {
  const { operands } = readOptions(call.args, {
    stopsAtOperand: false,
    withValue: new Set([
      '-n',
      '--name',
      '-i',
      '--instances',
      '--env',
      '--only',
      '-o',
      '-e',
      '-l',
      '--interpreter',
      '--cwd',
    ]),
  })
  const [verb, file] = operands.map((at) => call.args[at])
  if (verb !== 'start' || file === undefined || call.folder === undefined) return nothing
  return needing(/\.(c|m)?(js|ts|json)$|\.ya?ml$/.test(file) ? [fileNeed(call, file, 'read', 'pm2')] : [])
}
