import { execFileSync } from 'node:child_process'
import { ensureProgram } from '../test/support/debian.ts'
import { setup as installNetlifyCli } from '../test/support/netlify-cli.ts'

// `npm run bench:install`: what we are compared with. Queues and Netlify's tool from npm, each in a package of its own;
// supervisor and monit from Debian.

execFileSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
  cwd: import.meta.dirname,
  stdio: 'inherit',
})
installNetlifyCli()
ensureProgram('supervisord', 'The benches', 'supervisor')
ensureProgram('monit', 'The benches')
