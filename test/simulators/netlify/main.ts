import { NetlifySimulator } from './server.ts'
import { foreignFunction } from './zip.ts'

// `npm run simulator:netlify [-- --port N]`: Netlify in miniature on loopback, to try the FunctionSet domain without an
// account. It has one site, acme-site, with a page, a redirect and a function of somebody else; the token is `test-token`.

const flag = process.argv.indexOf('--port')
const port = flag < 0 ? 8791 : Number(process.argv[flag + 1])
if (!Number.isInteger(port) || port < 0 || port > 65_535) {
  process.stderr.write(`Expected --port to be from 0 to 65535, got ${process.argv[flag + 1]}\n`)
  process.exit(1)
}

const simulator = await NetlifySimulator.start({ port })
const site = await simulator.addSite('acme-site')
site.seed({
  files: { '/index.html': '<h1>acme</h1>\n', '/_redirects': '/old / 301\n' },
  functions: { other: { zip: foreignFunction('other', 'of somebody else') } },
})

process.stdout.write(
  [
    `Netlify's simulator listens at ${simulator.url}. In another terminal:`,
    `  export NETLIFY_API_URL=${simulator.url} NETLIFY_AUTH_TOKEN=test-token`,
    `Site acme-site is published at ${site.url}; deployed functions are really run there.`,
    '',
  ].join('\n'),
)

for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.once(name, () => {
    void simulator.close().then(() => process.exit(0))
  })
}
