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

const shellOptions: OptionRules = { withValue: new Set(['-o', '+o', '-O', '--rcfile']) }

/** Node itself: a file, or with `--run` a script. */
export const node: Rule = (call) => {
  const { options } = readOptions(call.args, { withValue: new Set([...nodeOptions, '--run']) })
  const name = options.get('--run')
  if (options.has('--run'))
    return needing(name === undefined ? [] : [scriptNeed(here(call), name, { withHooks: false })])
  return fileRule('node')(call)
}

/** A shell: a file, or with `-c` a text. */
export const shell: Rule = (call) => {
  const at = call.args.findIndex((arg) => arg !== undefined && /^-[a-z]*c$/.test(arg))
  const { operands } = readOptions(call.args, shellOptions)
  if (at !== -1 && (operands[0] === undefined || operands[0] > at))
    return handSources(call, [call.args[at + 1]])
  const file = operands[0] === undefined ? undefined : call.args[operands[0]]
  return needing(
    file === undefined || call.folder === undefined || call.args.includes('-s')
      ? []
      : [fileNeed(call, file, 'read', call.name)],
  )
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
