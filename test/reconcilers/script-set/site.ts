import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { parsePackage } from '../../../src/reconcilers/script-set/package-json/package-file.ts'
import { FileFacts } from '../../../src/reconcilers/script-set/resolve/file-facts.ts'
import {
  type Resolution,
  resolvePackage,
} from '../../../src/reconcilers/script-set/resolve/resolve-package.ts'

/** Programs that this machine has: a folder on PATH of the test's own, so that it is the same everywhere. */
const machine =
  'node npm npx yarn pnpm sh bash rm git curl wget pkill sudo docker make python3 env timeout sleep cp mkdir touch tee cat find xargs lsof sort chmod'

/** Programs of dependencies by their package; what is not declared came with something else. */
const installed = {
  next: ['next'],
  eslint: ['eslint'],
  typescript: ['tsc'],
  'ts-node': ['ts-node'],
  tsx: ['tsx'],
  nodemon: ['nodemon'],
  'npm-run-all': ['npm-run-all', 'run-s', 'run-p'],
  concurrently: ['concurrently'],
  'cross-env': ['cross-env'],
  'dotenv-cli': ['dotenv'],
  'start-server-and-test': ['start-server-and-test'],
  vitest: ['vitest'],
  pm2: ['pm2'],
  c8: ['c8'],
  rimraf: ['rimraf'],
} as const

/** What package.json declares: all of the above but rimraf, and prettier, stylelint and biome, which nobody installed. */
const declared = [
  ...Object.keys(installed).filter((name) => name !== 'rimraf'),
  'prettier',
  'stylelint',
  '@biomejs/biome',
]

const files = {
  'server.js': '',
  'src/main.ts': '',
  'src/index.js': '',
  'scripts/build.js': '',
  'scripts/seed.ts': '',
  'scripts/report.py': '',
  'scripts/setup.js': '',
  'scripts/notes.txt': '',
  'ecosystem.config.js': '',
  '.gitignore': 'dist/\n*.generated.js\n',
  '.git/HEAD': 'ref: refs/heads/main\n',
  'packages/app/package.json': JSON.stringify({
    name: '@site/app',
    scripts: { build: 'tsc', deploy: 'node x.js' },
  }),
  'packages/app/main.js': '',
  'tools/package.json': JSON.stringify({ name: 'tools', scripts: { gen: 'node gen.js' } }),
  'plain/readme.md': '',
}

/** The scripts that every line of the tables stands beside. */
const siteScripts = {
  build: 'next build',
  prebuild: 'node scripts/build.js',
  test: 'vitest run',
  'test:unit': 'vitest run unit',
  'test:e2e': 'vitest run e2e',
  lint: 'eslint .',
} as const

/** A package as a team has it, with dependencies, a workspace, ignored files and files that may not be executed. */
export class Site {
  readonly folder: string
  readonly searchPath: readonly string[]

  private constructor(folder: string) {
    this.folder = folder
    this.searchPath = [join(folder, '.machine')]
  }

  static async make(): Promise<Site> {
    const site = new Site(await mkdtemp(join(tmpdir(), 'scripts-')))
    for (const [path, text] of Object.entries(files)) await site.write(path, text)
    for (const name of machine.split(' ')) await site.write(`.machine/${name}`, '', 0o755)
    await site.write('.machine/halfway', '', 0o644)
    await site.write('scripts/run.sh', '', 0o755)
    await site.write('scripts/forgotten.sh', '', 0o644)
    for (const [owner, programs] of Object.entries(installed)) {
      for (const program of programs) {
        await site.write(`node_modules/${owner}/bin/${program}.js`, '', 0o755)
        await mkdir(join(site.folder, 'node_modules/.bin'), { recursive: true })
        await symlink(`../${owner}/bin/${program}.js`, join(site.folder, 'node_modules/.bin', program))
      }
    }
    await symlink('../stylelint/bin/stylelint.js', join(site.folder, 'node_modules/.bin/stylelint'))
    return site
  }

  async write(path: string, text: string, mode?: number): Promise<void> {
    const whole = join(this.folder, path)
    await mkdir(dirname(whole), { recursive: true })
    await writeFile(whole, text)
    if (mode !== undefined) await chmod(whole, mode)
  }

  /** Resolves a package.json with these scripts beside the usual ones. */
  async resolve(
    scripts: Readonly<Record<string, string>>,
    facts = new FileFacts(),
    rest: Readonly<Record<string, unknown>> = {},
  ): Promise<Resolution> {
    const text = JSON.stringify({
      name: 'site',
      scripts: { ...siteScripts, ...scripts },
      devDependencies: Object.fromEntries(declared.map((name) => [name, '1.0.0'])),
      workspaces: ['packages/*'],
      ...rest,
    })
    const reading = parsePackage({ type: 'text', text, stats: { mode: 0o644, names: 1 } })
    if (reading.type !== 'package') throw new Error('the test wrote no package')
    return resolvePackage({ folder: this.folder, file: reading.file, facts, searchPath: this.searchPath })
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true })
  }
}
