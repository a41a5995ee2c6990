import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { afterEach } from 'vitest'
import type { Diagnostic } from '../../src/core/diagnostic.ts'
import type { AnyReconciler, Report } from '../../src/core/reconciler.ts'
import type { Resource } from '../../src/core/resource.ts'
import { type CheckResult, checkManifests } from '../../src/manifests/check.ts'
import { type Manifests, type ReadOptions, readManifests } from '../../src/manifests/read.ts'

const folders: string[] = []

afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true })
})

/** A folder of its own with these files in it, removed after the test. */
export async function makeFolder(files: Readonly<Record<string, string | Buffer>> = {}): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'manifests-')))
  folders.push(folder)
  for (const [name, content] of Object.entries(files)) await put(join(folder, name), content)
  return folder
}

export async function put(path: string, content: string | Buffer): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, content)
}

type Process = Resource<{ readonly name?: string }>

/** As little of a domain as manifests need: its outside name, and what it says of a document. */
export function makeDomain(own: Partial<AnyReconciler> = {}): AnyReconciler {
  const refuse = () => {
    throw new Error('Reading manifests must not act')
  }
  return {
    kind: 'Process',
    identity: 'named',
    defaultInterval: 30_000,
    defaultConcurrency: 4,
    deletionDefault: { created: 'Delete', adopted: 'Orphan' },
    canBeFallback: true,
    leavesMark: true,
    externalName: (desired: Process) => desired.spec.name ?? desired.name,
    validate: async (_desired: Process, _report: Report) => undefined,
    fields: refuse,
    claim: refuse,
    diff: refuse,
    assess: refuse,
    connect: refuse,
    ...own,
  }
}

/** 2026-11-23 12:00 UTC. */
const noon = Date.UTC(2026, 10, 23, 12)

function optionsFor(cwd: string, own: Partial<ReadOptions>): ReadOptions {
  return {
    paths: [],
    cwd,
    environment: undefined,
    reconcilers: new Map([['Process', makeDomain()]]),
    env: {},
    allow: { hosts: [], paths: [] },
    runCommand: undefined,
    secretKey: 'a key',
    now: noon,
    ...own,
  }
}

export function read(cwd: string, own: Partial<ReadOptions> = {}): Promise<Manifests> {
  return readManifests(optionsFor(cwd, own))
}

export function check(cwd: string, own: Partial<ReadOptions> = {}): Promise<CheckResult> {
  return checkManifests(optionsFor(cwd, own))
}

/** A whole Process document; `spec` is written as given, two spaces deep. */
export function processOf(name: string, ...spec: readonly string[]): string {
  const lines = spec.some((line) => line.startsWith('script:')) ? spec : ['script: sleep', ...spec]
  return [
    'apiVersion: reconcile.dev/v1',
    'kind: Process',
    `metadata: { name: ${name} }`,
    'spec:',
    ...lines.map((line) => `  ${line}`),
    '',
  ].join('\n')
}

export function codesOf(result: { readonly diagnostics: readonly Diagnostic[] }): readonly string[] {
  return result.diagnostics.map(({ code }) => code)
}

/** `code file:line:column` of each, relative to the folder. */
export function placesOf(
  result: { readonly diagnostics: readonly Diagnostic[] },
  folder: string,
): readonly string[] {
  return result.diagnostics.map(
    ({ code, position: { file, line, column } }) => `${code} ${relative(folder, file)}:${line}:${column}`,
  )
}

/** Diagnostics as a person reads them: place, text, source line, caret, hint. */
export function render(diagnostics: readonly Diagnostic[], folder: string): string {
  return diagnostics
    .map(({ severity, code, message, position: { file, line, column }, excerpt, length, hint }) =>
      [
        `${relative(folder, file)}:${line}:${column} ${severity} ${code}`,
        `  ${message.replaceAll(folder, '<folder>')}`,
        ...(excerpt === undefined
          ? []
          : [`  | ${excerpt}`, `  | ${' '.repeat(column - 1)}${'^'.repeat(length)}`]),
        ...(hint === undefined ? [] : [`  ${hint.replaceAll(folder, '<folder>')}`]),
        '',
      ].join('\n'),
    )
    .join('\n')
}
