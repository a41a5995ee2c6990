export type Environment = Readonly<Record<string, string | undefined>>

/** A credential for one address; handed to git in its environment, where no other user of the machine reads it. */
export interface GitToken {
  /** The address that it is for: git sends it to nothing that does not begin so. */
  readonly url: string
  readonly value: string
}

/** Of git's own variables those that say how a server is reached; the others would lead it to another place or log. */
const passedGit = new Set([
  'GIT_SSH',
  'GIT_SSH_COMMAND',
  'GIT_SSH_VARIANT',
  'GIT_SSL_CAINFO',
  'GIT_SSL_CAPATH',
  'GIT_SSL_CERT',
  'GIT_SSL_KEY',
  'GIT_SSL_CERT_PASSWORD_PROTECTED',
  'GIT_PROXY_COMMAND',
  'GIT_CONFIG_GLOBAL',
  'GIT_CONFIG_SYSTEM',
  'GIT_CONFIG_NOSYSTEM',
  'GIT_EXEC_PATH',
])

/** What asks a person for a password. Nobody sits in front of a controller. */
const asking = new Set(['SSH_ASKPASS', 'DISPLAY', 'WAYLAND_DISPLAY'])

/** How data may come: never by a program of the address's choice (`ext::`). Plain http is for who asked for it. */
const allowedProtocols = 'https:ssh:git:file'

/**
 * The environment of git: the caller's, because it says how servers are reached (proxies, certificates, an agent of
 * keys), without what asks a person, points at another repository, or writes what is sent into a log.
 */
export function gitEnvironment(env: Environment, token: GitToken | undefined): Record<string, string> {
  const kept: Record<string, string> = {}
  for (const [name, value] of Object.entries(env)) {
    if (value === undefined || asking.has(name)) continue
    if (name.startsWith('GIT_') && !passedGit.has(name)) continue
    kept[name] = value
  }
  return {
    ...kept,
    GIT_TERMINAL_PROMPT: '0',
    GIT_ASKPASS: '',
    SSH_ASKPASS_REQUIRE: 'never',
    GIT_ALLOW_PROTOCOL: allowedProtocols,
    // Reading must not write: not even the index that git likes to refresh on the way.
    GIT_OPTIONAL_LOCKS: '0',
    // Codes are what is decided by, and messages are shown: in one language, whoever reads them.
    LC_ALL: 'C',
    ...(token && tokenVariables(token)),
  }
}

/** As `git -c` would say it, in variables: arguments are seen by every user of the machine. */
function tokenVariables({ url, value }: GitToken): Readonly<Record<string, string>> {
  const basic = Buffer.from(`x-access-token:${value}`, 'utf8').toString('base64')
  const settings = [
    [`http.${url}.extraHeader`, `Authorization: Basic ${basic}`],
    // Of a server that sends us elsewhere nobody knows where the header goes.
    ['http.followRedirects', 'false'],
    // Another credential that the machine knows must not take its place.
    ['credential.helper', ''],
  ]
  return {
    GIT_CONFIG_COUNT: String(settings.length),
    ...Object.fromEntries(
      settings.flatMap(([key = '', setting = ''], index) => [
        [`GIT_CONFIG_KEY_${index}`, key],
        [`GIT_CONFIG_VALUE_${index}`, setting],
      ]),
    ),
  }
}
