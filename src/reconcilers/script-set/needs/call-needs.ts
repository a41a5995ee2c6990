import { basename, dirname, isAbsolute } from 'node:path/posix'
import { node, nodemon, pm2, shell, sourced } from './file-rules.ts'
import { fileRule } from './file-runners.ts'
import { bunVerbs, pnpmVerbs, yarnVerbs } from './manager-verbs.ts'
import type { Need } from './need.ts'
import { managerRule, npm, npx } from './package-managers.ts'
import { concurrently, runAll, startAndTest } from './script-runners.ts'
import { shellBuiltins } from './shell-builtins.ts'
import {
  both,
  fileNeed,
  type HandedCall,
  needing,
  nothing,
  type Rule,
  type Understanding,
} from './understanding.ts'
import { commandBuiltin, coverage, crossEnvShell, evaluated, shx, wrapperRule } from './wrappers.ts'

/** Says what a command needs; each program that runs others or files is read by its own rule. */
export function understand(given: HandedCall): Understanding {
  const { name } = given
  if (name.includes('/')) {
    const own = given.folder === undefined ? [] : [fileNeed(given, name, 'execute', name)]
    return both(needing(own), rules.get(programOf(given))?.({ ...given, name: programOf(given) }) ?? nothing)
  }
  const isThere = given.isProvided === true || given.mayBeFunction === true || shellBuiltins.has(name)
  const own: readonly Need[] = isThere ? [] : [{ type: 'program', name }]
  const understood = rules.get(name)?.(given) ?? nothing
  return { ...understood, needs: [...own, ...understood.needs] }
}

/** A program by its name, also where it is called by its path: `/bin/sh`, `node_modules/.bin/ts-node`. */
export function programOf({ name }: Pick<HandedCall, 'name'>): string {
  return isAbsolute(name) || dirname(name).endsWith('node_modules/.bin') ? basename(name) : name
}

const rules: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ['node', node],
  ['nodejs', node],
  ...['ts-node', 'ts-node-esm', 'ts-node-script', 'esno', 'swc-node'].map((name): [string, Rule] => [
    name,
    fileRule('ts-node'),
  ]),
  ['tsx', fileRule('tsx')],
  ['ts-node-dev', fileRule('ts-node-dev')],
  ['tsnd', fileRule('ts-node-dev')],
  ['babel-node', fileRule('babel-node')],
  ['deno', fileRule('deno')],
  ...['python', 'python3', 'python2'].map((name): [string, Rule] => [name, fileRule('python')]),
  ['ruby', fileRule('ruby')],
  ['perl', fileRule('perl')],
  ['php', fileRule('php')],
  ...['sh', 'bash', 'dash', 'zsh', 'ksh'].map((name): [string, Rule] => [name, shell]),
  ['.', sourced],
  ['source', sourced],
  ['nodemon', nodemon],
  ['pm2', pm2],
  ['pm2-runtime', pm2],
  ['npm', npm],
  ['npx', npx],
  ['bunx', npx],
  ['pnpx', npx],
  ['yarn', managerRule(yarnVerbs, 'yarn')],
  ['yarnpkg', managerRule(yarnVerbs, 'yarn')],
  ['pnpm', managerRule(pnpmVerbs, 'pnpm')],
  ['bun', managerRule(bunVerbs, 'bun')],
  ['npm-run-all', runAll],
  ['npm-run-all2', runAll],
  ['run-s', runAll],
  ['run-p', runAll],
  ['concurrently', concurrently],
  ['conc', concurrently],
  ['start-server-and-test', startAndTest],
  ['start-test', startAndTest],
  ['server-test', startAndTest],
  ['cross-env', wrapperRule([])],
  ['cross-env-shell', crossEnvShell],
  ['env', wrapperRule(['-u', '--unset', '-C', '--chdir'])],
  ['dotenv', wrapperRule(['-e', '-p', '-v', '-c'])],
  ['dotenvx', wrapperRule([], { needsDashes: true })],
  ['doppler', wrapperRule([], { needsDashes: true })],
  ['infisical', wrapperRule([], { needsDashes: true })],
  ['op', wrapperRule([], { needsDashes: true })],
  ['env-cmd', wrapperRule(['-f', '--file', '-e', '--environments', '-r', '--rc-file'])],
  ['nyc', coverage(['--report-dir', '--temp-dir', '--extension', '-e', '--cwd', '-i', '--require'])],
  ['c8', coverage(['--reports-dir', '-o', '--temp-directory', '--src', '--extension'])],
  ['time', wrapperRule(['-f', '-o'])],
  ['nice', wrapperRule(['-n'])],
  ['ionice', wrapperRule(['-c', '-n', '-p'])],
  ['nohup', wrapperRule([])],
  ['setsid', wrapperRule([])],
  ['stdbuf', wrapperRule(['-i', '-o', '-e'])],
  ['exec', wrapperRule(['-a'])],
  ['command', commandBuiltin],
  ['shx', shx],
  ['sudo', wrapperRule(['-u', '-g', '-h', '-p'])],
  ['timeout', wrapperRule(['-s', '--signal', '-k', '--kill-after'], { skipsOperands: 1 })],
  ['xargs', wrapperRule(['-n', '-I', '-P', '-L', '-d', '-a', '-s'])],
  ['eval', evaluated],
])
