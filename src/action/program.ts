import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'

export interface Ended {
  readonly status: number
  readonly out: string
}

/** The program beside this file, as a user would call it. What it says on standard error is shown in the run's log. */
export function reconcile(args: readonly string[], env: NodeJS.ProcessEnv): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const program = join(import.meta.dirname, 'reconcile.mjs')
    const child = spawn(process.execPath, [program, ...args, '--no-color'], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let out = ''
    let err = ''
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      out += chunk
    })
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      err += chunk
    })
    child.on('error', reject)
    child.on('close', (status) => {
      show(err)
      resolve({ status: status ?? 1, out })
    })
  })
}

/** Shows text in the log: nothing in it is taken for a command to the runner. */
export function show(text: string): void {
  if (text === '') return
  const end = randomUUID()
  process.stdout.write(`::stop-commands::${end}\n${text.endsWith('\n') ? text : `${text}\n`}::${end}::\n`)
}

/** An error or a warning at a place of a file, which GitHub shows beside that line of the change. */
export function annotate(
  severity: 'error' | 'warning',
  message: string,
  place?: { readonly file: string; readonly line: number; readonly column: number },
): void {
  const at = place ? ` file=${escaped(place.file)},line=${place.line},col=${place.column}` : ''
  process.stdout.write(`::${severity}${at}::${escapedMessage(message)}\n`)
}

function escapedMessage(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
}

function escaped(text: string): string {
  return escapedMessage(text).replaceAll(':', '%3A').replaceAll(',', '%2C')
}
