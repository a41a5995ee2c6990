import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { pathToFileURL } from 'node:url'

// Runs one deployed function as Netlify's runtime would, and prints its answer as JSON. Arguments: the unpacked zip, the
// name of the function, the address that was asked for.

interface Answer {
  readonly statusCode?: number
  readonly body?: string
}

const [folder = '', name = '', url = ''] = process.argv.slice(2)
const { pathname } = new URL(url)
const event = {
  rawUrl: url,
  rawQuery: '',
  path: pathname,
  httpMethod: 'GET',
  headers: { host: 'localhost' },
  multiValueHeaders: {},
  queryStringParameters: {},
  body: null,
  isBase64Encoded: false,
}
const context = {
  awsRequestId: 'simulated',
  getRemainingTimeInMillis: () => 10_000,
  clientContext: { custom: {} },
}

/** A function of the second version writes its answer to a stream, by means that AWS puts into the global scope. */
async function stream(entry: string): Promise<Answer> {
  let metadata: Answer = {}
  Object.assign(globalThis, {
    awslambda: {
      streamifyResponse: (handler: unknown) => handler,
      HttpResponseStream: {
        from: (output: PassThrough, given: Answer) => {
          metadata = given
          return output
        },
      },
    },
  })
  const { handler } = (await import(pathToFileURL(entry).href)) as {
    handler: (...args: unknown[]) => Promise<unknown>
  }
  const output = new PassThrough()
  const chunks: Buffer[] = []
  output.on('data', (chunk: Buffer) => chunks.push(chunk))
  await handler(event, output, context)
  return { ...metadata, body: Buffer.concat(chunks).toString('utf8') }
}

const entry = join(folder, '___netlify-entry-point.mjs')
let answer: Answer
if (existsSync(entry)) answer = await stream(entry)
else {
  const file = [`${name}.js`, `${name}.cjs`, `${name}.mjs`].find((path) => existsSync(join(folder, path)))
  if (!file) throw new Error(`No entry for ${name}`)
  const module = file.endsWith('.mjs')
    ? ((await import(pathToFileURL(join(folder, file)).href)) as Record<string, unknown>)
    : (createRequire(join(folder, 'x.js'))(`./${file}`) as Record<string, unknown>)
  const handler = module.handler as (...args: unknown[]) => Promise<Answer>
  answer = await handler(event, context)
}
process.stdout.write(JSON.stringify({ status: answer.statusCode ?? 200, body: answer.body ?? '' }))
