import { readFileSync } from 'node:fs'
import { SecretMask } from '../core/secret-mask.ts'
import { endOnDefects } from './crash.ts'
import { Interruption } from './invocation.ts'
import { Output } from './output.ts'
import { isOwnWord } from './own-words.ts'
import { runProgram } from './program.ts'

const version: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version
const interruption = new AbortController()
const mask = new SecretMask({ isOwnWord })
const output = new Output()
endOnDefects(mask)

/** Milliseconds within which a signal that comes again is the same one: a terminal tells a group, and npm tells us too. */
const echo = 500
let askedAt = 0

for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => {
    // The first asks politely; whoever repeats it does not want to wait.
    if (interruption.signal.aborted && performance.now() - askedAt > echo) process.exit(1)
    askedAt ||= performance.now()
    interruption.abort(new Interruption(name))
  })
}
// Where the program runs out of things to wait for before it has ended, something was lost, and it was no success.
process.exitCode = 1
runProgram(process.argv.slice(2), {
  cwd: process.cwd(),
  env: { ...process.env },
  out: output.out,
  err: output.err,
  signal: interruption.signal,
  unread: output.unread,
  version: String(version),
  mask,
  ask: process.stdin.isTTY && process.stderr.isTTY ? ask : undefined,
  readKeys: process.stdin.isTTY ? readKeys : undefined,
}).then(async (status) => {
  const lost = await output.end()
  if (lost) output.err.write(`error: Could not write all of the output: ${lost.message}\n`)
  // All is said and done: what Node would still tidy up, and a collection of garbage that it would begin, serve nobody.
  const isResultLost = lost !== undefined && !interruption.signal.aborted
  process.exit(status || (isResultLost ? 1 : 0))
})

/** Raw, so that a key tells without a line break; the terminal is as before when it ends. */
function readKeys(onKey: (key: string) => void): () => void {
  const { stdin } = process
  const receive = (chunk: Buffer) => {
    for (const key of chunk.toString('utf8')) onKey(key)
  }
  stdin.setRawMode(true)
  stdin.on('data', receive)
  return () => {
    stdin.off('data', receive)
    stdin.setRawMode(false)
    stdin.pause()
  }
}

/** On standard error, so that a result can go into a file. An interrupt, or the end of the input, answers nothing. */
async function ask(question: string): Promise<string> {
  const { createInterface } = await import('node:readline/promises')
  const dialogue = createInterface({ input: process.stdin, output: process.stderr })
  const ended = new Promise<string>((resolve) => dialogue.once('close', () => resolve('')))
  dialogue.once('SIGINT', () => dialogue.close())
  try {
    return await Promise.race([dialogue.question(question, { signal: interruption.signal }), ended])
  } catch {
    return ''
  } finally {
    dialogue.close()
  }
}
