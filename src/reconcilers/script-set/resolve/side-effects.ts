import { posix } from 'node:path'
import type { Call } from '../shell/call.ts'
import { pathIn } from '../shell/file-tests.ts'
import type { FindingCode } from './finding.ts'

type Effect = { readonly code: Extract<FindingCode, 'Dangerous' | 'SideEffect'>; readonly message: string }

const dangerous = (message: string): Effect => ({ code: 'Dangerous', message })
const worthKnowing = (message: string): Effect => ({ code: 'SideEffect', message })

/** What a command does beyond its own output that people should know of; undefined: nothing that is known. */
export function sideEffectOf(call: Call): Effect | undefined {
  const words = call.args.filter((arg) => arg !== undefined)
  const has = (...wanted: string[]) => wanted.some((word) => words.includes(word))
  const hasFlag = (letter: string) => words.some((word) => new RegExp(`^-[A-Za-z]*${letter}`).test(word))
  const [verb] = words.filter((word) => !word.startsWith('-'))
  switch (call.name) {
    case 'pkill':
    case 'killall':
      return dangerous(
        `\`${call.text}\` ends every process that matches, others' and perhaps its own shell included`,
      )
    case 'rm':
      return removal(call, hasFlag('r') || hasFlag('R') || has('--recursive'), hasFlag('f') || has('--force'))
    case 'rimraf':
    case 'del':
    case 'del-cli': {
      const effect = removal(call, true, true)
      return effect?.code === 'Dangerous' ? effect : undefined
    }
    case 'find':
      return ofFind(call)
    case 'kill':
      return ofKill(call)
    case 'kill-port':
    case 'fkill':
      return dangerous(`\`${call.text}\` ends whatever it finds, others' processes included`)
    case 'fuser':
      return hasFlag('k')
        ? dangerous(`\`${call.text}\` ends whatever it finds, others' processes included`)
        : undefined
    case 'git':
      return ofGit(call, verb, { has, hasFlag })
    case 'npm':
    case 'pnpm':
    case 'yarn':
      if (verb === 'unpublish') return dangerous(`\`${call.text}\` takes a published version away`)
      if (verb === 'publish') return worthKnowing(`\`${call.text}\` publishes the package`)
      if (
        verb === 'global' ||
        ((hasFlag('g') || has('--global')) &&
          /^(i|install|add|update|uninstall|rm|remove|link)$/.test(verb ?? ''))
      )
        return dangerous(`\`${call.text}\` changes the machine's own installation, for every project on it`)
      return undefined
    case 'pm2':
      if (verb === 'kill' || (has('all') && /^(delete|del|stop|restart|reload)$/.test(verb ?? '')))
        return dangerous(`\`${call.text}\` acts on every process of the PM2 daemon, whoever it belongs to`)
      return undefined
    case 'docker':
      return has('prune') ? dangerous(`\`${call.text}\` removes what other projects may need`) : undefined
    case 'sudo':
    case 'doas':
      return dangerous(`\`${call.text}\` asks for the rights of another user`)
    case 'chmod':
      return has('777') ? dangerous(`\`${call.text}\` lets every user of the machine write`) : undefined
    case 'crontab':
      return has('-r') ? dangerous(`\`${call.text}\` removes every job of the user`) : undefined
    case 'dd':
    case 'mkfs':
    case 'shutdown':
    case 'reboot':
    case 'halt':
    case 'poweroff':
      return dangerous(`\`${call.text}\` acts on the machine itself`)
    default:
      return undefined
  }
}

function removal(call: Call, isRecursive: boolean, isForced: boolean): Effect | undefined {
  if (!isRecursive || !isForced) return undefined
  const far = targetsOf(call).find((target) => isFar(target, call.folder))
  return far === undefined
    ? worthKnowing(`\`${call.text}\` removes without asking`)
    : dangerous(`\`${call.text}\` removes ${far} without asking, which is not a folder of this package`)
}

/** The words that are no options, as they are written where only the shell knows what they become. */
function targetsOf({ args, written }: Call): readonly string[] {
  return args.flatMap((arg, index) => (arg?.startsWith('-') ? [] : [arg ?? written[index] ?? '']))
}

/** Whether what a word stands for is the package itself, or may lie outside of it. */
function isFar(target: string, folder: string | undefined): boolean {
  if (/^[~$`]/.test(target)) return true
  if (posix.isAbsolute(target)) return true
  if (folder === undefined) return true
  // What a pattern matches lies in the folder before it; of the package itself only all that is in it is too much.
  const [fixed = ''] = target.split(/[*?[{$`]/)
  const isPattern = fixed !== target
  const known = pathIn(folder, isPattern ? posix.dirname(`${fixed}x`) : target)
  if (posix.isAbsolute(known) || /^\.\.(\/|$)/.test(known)) return true
  return /^\.\/?$/.test(known) && (!isPattern || /^(\.\/)*[.*]+\/?$/.test(target))
}

/** `find` removes what it finds: with no condition all that is there. */
function ofFind(call: Call): Effect | undefined {
  const isRemoving =
    call.args.includes('-delete') ||
    call.args.some((arg, index) => /^-(exec|ok)(dir)?$/.test(arg ?? '') && call.args[index + 1] === 'rm')
  if (!isRemoving) return undefined
  const end = call.args.findIndex((arg) => arg?.startsWith('-') || arg === '!' || arg === '(')
  const written = call.args.slice(0, end).map((arg, index) => arg ?? call.written[index] ?? '')
  const starts = written.length === 0 ? ['.'] : written
  const isPicky = call.args.some(
    (arg) => arg !== undefined && /^-(i?name|i?path|i?regex|type|empty)$/.test(arg),
  )
  const isOwn = (start: string) =>
    isPicky && call.folder !== undefined && !pathIn(call.folder, start).startsWith('..')
  const far = starts.find((start) => isFar(start, call.folder) && !isOwn(start))
  return far === undefined
    ? worthKnowing(`\`${call.text}\` removes without asking`)
    : dangerous(`\`${call.text}\` removes ${far} without asking, which is not a folder of this package`)
}

/** Processes that a command looked up by a port or a pattern are not only its own. */
function ofKill(call: Call): Effect | undefined {
  const targets = targetsOf(call)
  const isHanded = targets.length === 0 && call.args.length > 0 && !call.args.includes('-l')
  if (!isHanded && !targets.some((target) => /\b(lsof|pgrep|fuser|pidof|ps|netstat|ss)\b/.test(target)))
    return undefined
  return dangerous(`\`${call.text}\` ends whatever it is handed, others' processes included`)
}

function ofGit(
  call: Call,
  verb: string | undefined,
  words: { readonly has: (...wanted: string[]) => boolean; readonly hasFlag: (letter: string) => boolean },
): Effect | undefined {
  if (verb === 'push') {
    const isForced = words.has('--force', '--mirror', '--delete') || words.hasFlag('f')
    return isForced
      ? dangerous(`\`${call.text}\` overwrites what others pushed`)
      : worthKnowing(`\`${call.text}\` publishes commits`)
  }
  if ((verb === 'reset' && words.has('--hard')) || (verb === 'clean' && words.hasFlag('f')))
    return dangerous(`\`${call.text}\` throws away work that was not committed`)
  if (verb === 'commit' || verb === 'tag') return worthKnowing(`\`${call.text}\` changes the repository`)
  return undefined
}
