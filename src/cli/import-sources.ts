import type { Importer } from '../core/import.ts'

/** A place that manifests are made from. */
interface ImportSource {
  /** What its inputs are: names of files, words of its own such as `acme/site`, or none. */
  readonly takes: 'files' | 'words' | 'nothing'
  /** Whether `--evaluate` means something to it. */
  readonly canEvaluate?: boolean
  /** What it wants, for the help. */
  readonly usage: string
  /** Loads it when it is called. */
  readonly load: () => Promise<Importer>
}

/** Every source by the word that calls it. */
export const importSources: Readonly<Record<string, ImportSource>> = Object.freeze({
  ecosystem: {
    takes: 'files',
    canEvaluate: true,
    usage: 'ecosystem FILE... [--evaluate]',
    load: async () => (await import('../reconcilers/process/import/ecosystem.ts')).importEcosystem,
  },
  npm: {
    takes: 'files',
    usage: 'npm package.json..',
    load: async () => (await import('../reconcilers/script-set/import/npm.ts')).importNpm,
  },
  pm2: {
    takes: 'nothing',
    usage: 'pm2',
    load: async () => (await import('../reconcilers/process/import/pm2.ts')).importPm2,
  },
  github: {
    takes: 'words',
    usage: 'github OWNER/REPO..',
    load: async () => (await import('../reconcilers/workflow/import/github.ts')).importGithub,
  },
  netlify: {
    takes: 'words',
    usage: 'netlify SITE [FOLDER]..',
    load: async () => (await import('../reconcilers/function-set/import/netlify.ts')).importNetlify,
  },
})
