/** The files of a project with every kind of function there is. */
export const projectOfEveryKind: Readonly<Record<string, string>> = Object.freeze({
  'package.json': '{"name":"site","private":true}',
  'netlify.toml': [
    '[build]',
    'publish = "public"',
    '[functions]',
    'directory = "netlify/functions"',
    '[functions."reports"]',
    'schedule = "0 6 * * 1"',
    '[functions."legacy"]',
    'included_files = ["data/*.json"]',
    '[functions."oldest"]',
    'node_bundler = "zisi"',
    '',
  ].join('\n'),
  'public/index.html': 'home',
  'public/_redirects': '/old / 301',
  'data/one.json': '{"one":1}',
  'lib/greet.ts': "export const greet = (name: string): string => 'greetings to ' + name\n",
  'node_modules/shout/package.json': '{"name":"shout","version":"1.0.0","main":"main.js"}',
  'node_modules/shout/main.js': 'module.exports = (text) => text.toUpperCase()\n',
  // Of the second version, and in TypeScript, with code from outside of the directory and every setting of a source.
  'netlify/functions/hello.mjs': "export default async () => new Response('hello')\n",
  'netlify/functions/typed.mts': [
    "import { greet } from '../../lib/greet.ts'",
    "export default async (): Promise<Response> => new Response(greet('you'))",
    'export const config = {',
    "  path: '/greet', excludedPath: '/greet/not', method: ['GET', 'HEAD'], preferStatic: true, region: 'cmh',",
    "  rateLimit: { windowSize: 60, windowLimit: 5000, aggregateBy: ['ip', 'domain'] },",
    '}',
    '',
  ].join('\n'),
  'netlify/functions/nightly.ts':
    "export default async () => {}\nexport const config = { schedule: '@daily' }\n",
  // Of the first version, with a package, a schedule of netlify.toml, and in the background.
  'netlify/functions/legacy.js':
    "const shout = require('shout')\nexports.handler = async () => ({ statusCode: 200, body: shout('legacy') })\n",
  // Bundled in the oldest way.
  'netlify/functions/oldest.js':
    "const shout = require('shout')\nexports.handler = async () => ({ statusCode: 200, body: shout(require('../../lib/word')) })\n",
  'lib/word.js': "module.exports = 'oldest'\n",
  'netlify/functions/reports.js': 'exports.handler = async () => ({ statusCode: 200 })\n',
  'netlify/functions/mail-background.js': 'exports.handler = async () => {}\n',
  // Folders: named like themselves, and by index.
  'netlify/functions/deep/deep.js':
    "exports.handler = async () => ({ statusCode: 200, body: require('./part') })\n",
  'netlify/functions/deep/part.js': "module.exports = 'deep'\n",
  'netlify/functions/modern/index.mts': [
    "import { part } from './part.ts'",
    'export default async () => new Response(part)',
    'export const config = { memory: 2048, timeout: 20 }',
    '',
  ].join('\n'),
  'netlify/functions/modern/part.ts': "export const part = 'modern'\n",
})

/** Their names, in order. */
export const functionsOfEveryKind = Object.freeze([
  'deep',
  'hello',
  'legacy',
  'mail-background',
  'modern',
  'nightly',
  'oldest',
  'reports',
  'typed',
])
