import { readFile, rm } from 'node:fs/promises'
import { setTimeout } from 'node:timers/promises'

/** A program that writes when it began into a file that its argument names, and then does nothing. */
export const stampingProgram = [
  "import { writeFileSync } from 'node:fs'",
  'writeFileSync(process.argv[2], String(Date.now()))',
  'setInterval(() => undefined, 2 ** 30)',
  '',
].join('\n')

/** Waits for the file of a program that begins anew, and resolves with when it began, in epoch milliseconds. */
export async function beginningOf(file: string): Promise<number> {
  const end = performance.now() + 30_000
  for (;;) {
    const text = await readFile(file, 'utf8').catch(() => '')
    if (text !== '') return Number(text)
    if (performance.now() > end) throw new Error(`${file}: its program did not begin within 30 s`)
    await setTimeout(2)
  }
}

/** Forgets that it ever began. */
export function forgetBeginning(file: string): Promise<void> {
  return rm(file, { force: true })
}
