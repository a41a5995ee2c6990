import { withoutModuleFolders } from '../../clients/pm2/daemon/program-path.ts'

const passed = Object.freeze(['HOME', 'USER', 'LANG', 'TZ', 'SHELL', 'TMPDIR'] as const)

/**
 * What every process is given of the caller's environment, and nothing else of it: no token of the shell leaks into a
 * service. PATH goes without what npm and npx put before it, so that `node` in a manifest is the user's node and not
 * ours.
 */
export function baseEnvironment(
  env: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string>> & { readonly PATH: string } {
  const path = withoutModuleFolders(env.PATH)
  const base: Record<string, string> & { PATH: string } = {
    PATH: path === '' ? '/usr/local/bin:/usr/bin:/bin' : path,
  }
  for (const key of passed) {
    const value = env[key]
    if (value !== undefined && value !== '') base[key] = value
  }
  return Object.freeze(base)
}

/** What PM2 gives to Python as well, or its output waits in a buffer (its lib/Common.js). */
export function interpreterEnvironment(interpreter: string): Readonly<Record<string, string>> {
  return interpreter.includes('python') ? { PYTHONUNBUFFERED: '1' } : {}
}
