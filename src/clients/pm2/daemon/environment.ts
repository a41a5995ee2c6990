import { homedir, userInfo } from 'node:os'
import { withoutModuleFolders } from './program-path.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** What a daemon, and through it every worker of a cluster, gets of the caller's environment, besides PATH. */
const inherited = ['LANG', 'LC_ALL', 'LC_CTYPE', 'TZ', 'SHELL', 'TMPDIR', 'LOGNAME'] as const

/**
 * The environment of a daemon: nothing that npm, npx or the caller's project put there. `PM2_HOME` goes on to
 * whatever uses PM2 from within.
 */
export function daemonEnvironment(env: Environment, home: string): Record<string, string> {
  const clean: Record<string, string> = {
    PATH: withoutModuleFolders(env.PATH),
    HOME: env.HOME ?? homedir(),
    USER: env.USER ?? userInfo().username,
    PM2_HOME: home,
  }
  for (const name of inherited) {
    const value = env[name]
    if (value !== undefined) clean[name] = value
  }
  return clean
}

/** Where the programs of a user keep their own files. */
export function dataFolder(env: Environment): string {
  const chosen = env.XDG_DATA_HOME
  return chosen?.startsWith('/') ? chosen : `${env.HOME ?? homedir()}/.local/share`
}
