import { execFile, execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** A package of its own: Netlify's command line tool is larger than the product with all that it needs. */
const folder = fileURLToPath(new URL('../netlify-cli', import.meta.url))

/**
 * Makes sure that Netlify's own command line tool is there before tests that use it: they fail without it, and are
 * never skipped. What its packages would do after they were installed is for a person's shell, and is left out.
 */
export function setup(): void {
  if (versionIn('node_modules/.package-lock.json') === versionIn('package-lock.json')) return
  execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: folder,
    stdio: 'inherit',
  })
}

/** Of the tool, by a lock file; npm writes that of what is installed when it is all there. */
function versionIn(lockFile: string): string | undefined {
  try {
    const lock = JSON.parse(readFileSync(join(folder, lockFile), 'utf8')) as {
      readonly packages: Readonly<Record<string, { readonly version: string }>>
    }
    return lock.packages['node_modules/netlify-cli']?.version
  } catch {
    return undefined
  }
}

/** What `netlify deploy --json` prints. */
interface CliDeploy {
  readonly deploy_id: string
  readonly site_name: string
}

/** `netlify deploy` of a project's folders `public` and `netlify/functions`, as its user would run it. */
export async function deployWithCli(
  project: string,
  to: {
    /** Its name: by its id the tool asks other hosts as well. */
    readonly site: string
    readonly apiUrl: string
  },
): Promise<CliDeploy> {
  const args = ['deploy', '--site', to.site, '--dir', 'public', '--functions', 'netlify/functions']
  const program = join(folder, 'node_modules/netlify-cli/bin/run.js')
  const { stdout } = await run(process.execPath, [program, ...args, '--prod', '--no-build', '--json'], {
    cwd: project,
    env: {
      PATH: process.env.PATH ?? '',
      HOME: join(project, '.netlify/home'),
      NETLIFY_API_URL: to.apiUrl,
      NETLIFY_AUTH_TOKEN: 'test-token',
      CI: '1',
    },
    timeout: 300_000,
    maxBuffer: 2 ** 24,
  })
  return JSON.parse(stdout) as CliDeploy
}
