import { readFileSync } from 'node:fs'
import { SecretMask } from '../core/secret-mask.ts'
import { supervisedVariable } from './background/supervised-variable.ts'
import { endOnDefects } from './crash.ts'
import { Interruption, type Sink } from './invocation.ts'
import { runProgram } from './program.ts'

const version: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version
/** What a pipe is printed for: wide enough that a message stays on one line, for those who search in it. */
const pipeColumns = 200
const interruption = new AbortController()
const mask = new SecretMask()
endOnDefects(mask)

for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => {
    // The first asks politely; whoever repeats it does not want to wait.
    if (interruption.signal.aborted) process.exit(1)
    interruption.abort(new Interruption(name))
  })
}
// A reader that went away (`reconcile status | head -1`) is no fault of ours.
process.stdout.on('error', endOnBrokenPipe)
process.stderr.on('error', endOnBrokenPipe)

// Where the program runs out of things to wait for before it has ended, something was lost, and it was no success.
process.exitCode = 1
runProgram(process.argv.slice(2), {
  cwd: process.cwd(),
  env: { ...process.env },
  out: sinkOf(process.stdout),
  err: sinkOf(process.stderr),
  signal: interruption.signal,
  version: String(version),
  mask,
  ask: process.stdin.isTTY && process.stderr.isTTY ? ask : undefined,
  readKeys: process.stdin.isTTY ? readKeys : undefined,
}).then(async (status) => {
  process.exitCode = status
  // All is said and done: what Node would still tidy up, and a collection of garbage that it would begin, serve nobody.
  await Promise.all([process.stdout, process.stderr].map(flush))
  process.exit()
})

/** Resolves when all that was written before was handed over, or nobody reads it. */
function flush(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    stream.write('', () => resolve())
  })
}

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

function sinkOf(stream: NodeJS.WriteStream): Sink {
  return {
    write: (text) => {
      stream.write(text)
    },
    isTerminal: stream.isTTY === true,
    get rows() {
      return stream.rows
    },
    get columns() {
      return stream.columns ?? (Number(process.env.COLUMNS) || pipeColumns)
    },
  }
}

function endOnBrokenPipe(error: NodeJS.ErrnoException): void {
  // What reads from a controller that PM2 keeps is PM2's daemon: it must outlive that, and starts it again.
  if (error.code === 'EPIPE' && process.env[supervisedVariable] !== undefined) return
  if (error.code === 'EPIPE') process.exit()
  throw error
}
