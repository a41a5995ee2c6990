/** Import rules of the house. Each message says why, because whoever breaks a rule deserves its reason. */
const rule = (name, comment, from, to) => ({ name, severity: 'error', comment, from, to })

export default {
  forbidden: [
    rule(
      'no-cycles',
      'A cycle means two files are one noun: move the shared part out.',
      {},
      { circular: true },
    ),
    rule(
      'core-imports-nothing',
      'core is the vocabulary that everybody shares; if it knew a reader of it, every change would reach everywhere.',
      { path: '^src/core' },
      { pathNot: '^src/core', dependencyTypesNot: ['core'] },
    ),
    rule(
      'parts-know-core-and-themselves',
      'manifests, clients, engine, state, reports and alerts meet only in cli: each can be replaced or tested alone.',
      { path: '^src/(manifests|clients|engine|state|reports|alerts)/' },
      { path: '^src/', pathNot: ['^src/core', '^src/$1/'] },
    ),
    rule(
      'domains-are-strangers',
      'A domain knows core, clients and itself: a new one is a new folder and touches no other.',
      { path: '^src/reconcilers/([^/]+)/' },
      { path: '^src/', pathNot: ['^src/core', '^src/clients', '^src/reconcilers/$1/'] },
    ),
    rule(
      'diff-and-assess-are-pure',
      'diff and assess take values and nothing else, so that a plan can be believed and tested without a world.',
      { path: '^src/reconcilers/[^/]+/(diff|assess)' },
      { path: '^src/clients', dependencyTypesNot: ['type-only'] },
    ),
    rule(
      'clients-are-the-only-door',
      'Only clients talk to PM2, GitHub and Netlify: their traps are known in one place.',
      { path: '^src/(?!clients)' },
      { path: 'node_modules/(amp|amp-message|@octokit|@netlify|netlify|pm2)(/|$)' },
    ),
    rule(
      'only-cli-composes',
      'cli is the top: nothing may depend on how it is called.',
      { path: '^src/(?!cli/)' },
      { path: '^src/cli/' },
    ),
    rule(
      'pm2-is-a-program',
      "PM2's package is AGPL and slow to load: it is run, never imported.",
      { path: '^src' },
      { path: 'node_modules/pm2(/|$)' },
    ),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default'] },
  },
}
