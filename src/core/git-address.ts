import { isOwnMachine } from './public-address.ts'

/** Where a git repository is. Holds no credential: those are refused where an address is read. */
export interface GitAddress {
  /** As it is given to git, and shown. */
  readonly url: string
  readonly protocol: 'https' | 'http' | 'ssh' | 'git' | 'file'
  /** With a port where it is not the protocol's own; undefined: this machine. */
  readonly host: string | undefined
}

export type GitAddressReading =
  | { readonly type: 'address'; readonly address: GitAddress }
  /** Why it is none that could be used: a sentence that does not repeat it, because it may hold a password. */
  | { readonly type: 'fault'; readonly message: string; readonly hint: string }

/** `git@github.com:acme/fleet.git`, which git takes for ssh. */
const scpLike = /^(?:[A-Za-z0-9_][\w.-]*@)?([A-Za-z0-9][\w.-]*):(?!\/\/)[^\s]+$/
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused.
const unprintable = /[\u0000-\u0020\u007f]/

/**
 * Reads the address of a repository: https, ssh (`git@host:path` too), git, a folder of this machine, and plain http on
 * this machine alone.
 */
export function readGitAddress(text: string): GitAddressReading {
  if (text.startsWith('-') || unprintable.test(text) || text === '') return fault('is no address', usual)
  if (text.startsWith('/')) return address(text, 'file', undefined)
  if (!text.includes('://')) {
    const host = scpLike.exec(text)?.[1]
    return host === undefined
      ? fault('is neither an address nor an absolute path', usual)
      : address(text, 'ssh', host.toLowerCase())
  }
  if (!URL.canParse(text)) return fault('is no address', usual)
  const url = new URL(text)
  if (url.password !== '' || (url.username !== '' && url.protocol !== 'ssh:')) {
    return fault(
      'holds a name or a password',
      'Remove it: a token goes into `spec.git.token` as a reference, or into RECONCILE_GIT_TOKEN.',
    )
  }
  if (url.search !== '' || url.hash !== '') return fault('has a query or a fragment', 'Remove it.')
  switch (url.protocol) {
    case 'https:':
      return address(text, 'https', url.host)
    case 'ssh:':
      return address(text, 'ssh', url.host)
    case 'git:':
      return address(text, 'git', url.host)
    case 'file:':
      return url.host === '' ? address(text, 'file', undefined) : fault('names a file of another host', usual)
    case 'http:':
      return isOwnMachine(url.hostname)
        ? address(text, 'http', url.host)
        : fault('is plain http, which anybody on the way can change', 'Use https.')
    default:
      return fault(`is of the protocol ${url.protocol.slice(0, -1)}, which is not used`, usual)
  }
}

const usual = 'Use one such as `https://github.com/acme/fleet.git` or `git@github.com:acme/fleet.git`.'

function fault(message: string, hint: string): GitAddressReading {
  return { type: 'fault', message, hint }
}

function address(url: string, protocol: GitAddress['protocol'], host: string | undefined): GitAddressReading {
  return { type: 'address', address: Object.freeze({ url, protocol, host }) }
}

/** Whether git takes it for the name of a branch, and for nothing else: not for an option or a range. */
export function isBranchName(text: string): boolean {
  if (text.length > 200 || !/^[A-Za-z0-9_][\w./+@-]*$/.test(text)) return false
  const isBad = /\.\.|\/\/|@\{|\/\.|\.lock(\/|$)|[./]$/.test(text)
  return !isBad && text !== '@' && text !== 'HEAD'
}

/** Whether it names a folder within a repository: relative, with no step upwards and nothing hidden. */
export function isInnerFolder(text: string): boolean {
  if (text === '.') return true
  if (text.length > 1000 || unprintable.test(text.replaceAll(' ', '')) || /[\\:*?[\]]/.test(text))
    return false
  return text.split('/').every((part) => part !== '' && !part.startsWith('.') && part.trim() === part)
}
