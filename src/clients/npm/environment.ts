import { withoutModuleFolders } from '../pm2/daemon/program-path.ts'

export type Environment = Readonly<Record<string, string | undefined>>

const usualPath = '/usr/local/bin:/usr/bin:/bin'

/** What a check gets of the caller's environment; documented in docs/scripts.md. */
const passed = ['HOME', 'USER', 'LANG', 'TZ', 'SHELL', 'TMPDIR'] as const

/** PATH as a shell of the user would search it: without what npm and npx put before it. */
export function userPath(env: Environment): string {
  const path = withoutModuleFolders(env.PATH)
  return path === '' ? usualPath : path
}

/** The environment of a check: the same on every machine and in every shell that starts the controller. */
export function checkEnvironment(env: Environment): Record<string, string> {
  const clean: Record<string, string> = {
    PATH: userPath(env),
    CI: '1',
    NO_COLOR: '1',
    npm_config_update_notifier: 'false',
  }
  for (const name of passed) {
    const value = env[name]
    if (value !== undefined && value !== '') clean[name] = value
  }
  return clean
}

/**
 * What npm tells the programs that it starts about itself and the package that it runs for. Started through `npx` or
 * an npm script, we have it of our own package; handed on it would be taken for that of the user's.
 */
const ofOuterNpm =
  /^(npm_(lifecycle_.*|package_.*|command|execpath|node_execpath|config_(local_prefix|noproxy|user_agent|prefix|globalconfig|global_prefix|init_module|node_gyp|npm_version))|INIT_CWD|NODE)$/

/** The caller's environment for a script that a person asked for: everything, but for the traces of an outer npm. */
export function runEnvironment(env: Environment): Record<string, string> {
  const isWithinNpm = env.npm_execpath !== undefined
  const kept = Object.entries(env).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined && !(isWithinNpm && ofOuterNpm.test(entry[0])),
  )
  return { ...Object.fromEntries(kept), PATH: userPath(env) }
}
