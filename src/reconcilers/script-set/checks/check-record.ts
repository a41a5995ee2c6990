import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type CheckRecord, keptRuns, noRecord, parseRecord } from './check-run.ts'
import { fileNameOf } from './checks-folder.ts'

/** Where the runs of one check are written. */
export function recordPath(folder: string, script: string): string {
  return join(folder, `${fileNameOf(script)}.json`)
}

/** The printed lines of the last run; `age` 1 is the run before it, and so on. */
export function logPath(folder: string, script: string, age = 0): string {
  return join(folder, `${fileNameOf(script)}${age === 0 ? '' : `.${age}`}.log`)
}

/** Reads a record; one that is not there, or damaged, is an empty one: then the inventory's memory speaks. */
export async function readRecord(path: string): Promise<CheckRecord> {
  const text = await readFile(path, 'utf8').catch(() => undefined)
  return text === undefined ? noRecord : parseRecord(text)
}

/** Whole or not at all. */
export async function writeRecord(path: string, record: CheckRecord): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const temporary = `${path}.tmp`
  await writeFile(temporary, JSON.stringify({ ...record, runs: record.runs.slice(-keptRuns) }), {
    mode: 0o600,
    flush: true,
  })
  await rename(temporary, path)
}
