import { homedir } from 'node:os'
import { basename, dirname } from 'node:path'
import type { ImportContext, ImportedResource, Importer, ImportNotice } from '../../../core/import.ts'
import { resourceId } from '../../../core/resource.ts'
import { baseEnvironment } from '../base-env.ts'
import { sortOptions } from './app-options.ts'
import { draftApp } from './app-spec.ts'
import { type AppEntry, appsOf } from './apps.ts'
import { type Definition, firstOfEach } from './definitions.ts'
import { evaluateFile } from './evaluate-file.ts'
import { programFinder } from './file-kind.ts'
import { ResourceNames } from './names.ts'
import { collectNotices } from './notice.ts'
import { readStatically } from './static/module.ts'
import { SourceError } from './static/source-error.ts'
import type { Static } from './static/value.ts'

/** `reconcile import ecosystem`: PM2's configuration files, read and, without `--evaluate`, never run. */
export const importEcosystem: Importer = async (context) => {
  const definitions: Definition[] = []
  const warnings: ImportNotice[] = []
  const errors: ImportNotice[] = []
  for (const file of context.inputs) {
    const read = await readFile(file, context)
    definitions.push(...read.definitions)
    warnings.push(...read.warnings)
    errors.push(...read.errors)
  }
  const { first, conflicts } = firstOfEach(definitions)
  const names = new ResourceNames()
  return { resources: first.flatMap((each) => resourcesOf(each, names)), conflicts, warnings, errors }
}

interface FileRead {
  readonly definitions: readonly Definition[]
  readonly warnings: readonly ImportNotice[]
  readonly errors: readonly ImportNotice[]
}

async function readFile(file: string, context: ImportContext): Promise<FileRead> {
  const whole = { file, line: undefined }
  const { notices, tell } = collectNotices(whole)
  try {
    const exported = context.mayEvaluate ? await evaluateFile(file, context) : readStatically(file)
    const apps = appsOf(exported, tell)
    if (apps === undefined) {
      const fault = {
        ...exported.at,
        code: 'import-ecosystem-unreadable',
        message: context.mayEvaluate
          ? `${basename(file)} exports no applications`
          : `${basename(file)} exports nothing that can be told without running it; --evaluate runs it`,
      }
      return { definitions: [], warnings: notices, errors: [fault] }
    }
    return { ...readApps(apps, context, tell), warnings: notices }
  } catch (error) {
    if (!(error instanceof SourceError)) throw error
    const message = `${basename(file)}: ${error.message}`
    const fault = error.isMissing
      ? { ...error.place, code: 'import-ecosystem-missing', message }
      : { ...error.place, code: 'import-ecosystem-syntax', message }
    return { definitions: [], warnings: [], errors: [fault] }
  }
}

function readApps(
  apps: readonly AppEntry[],
  { env }: ImportContext,
  tell: ReturnType<typeof collectNotices>['tell'],
): Pick<FileRead, 'definitions' | 'errors'> {
  const definitions: Definition[] = []
  const errors: ImportNotice[] = []
  const findProgram = programFinder(baseEnvironment(env).PATH)
  for (const { entries, at } of apps) {
    const options = sortOptions(entries)
    const given = options.known.get('name')
    const title = given?.type === 'scalar' && given.value !== undefined ? String(given.value) : undefined
    if (given !== undefined && title === undefined && !mayHaveName(given)) {
      // PM2 finds a process by its name: under another one, a second copy would be started beside it.
      const why =
        given.type === 'unknown'
          ? given.why
          : given.type === 'variable'
            ? `what the variable ${given.name} holds`
            : `a ${given.type}`
      errors.push({
        ...given.at,
        code: 'import-ecosystem-name',
        message: `an application was left out: its name is ${why}, which only running the file could tell (--evaluate)`,
      })
      continue
    }
    const app = draftApp({
      options,
      folder: dirname(at.file),
      home: env.HOME ?? homedir(),
      findProgram,
      tell,
    })
    if (app) {
      definitions.push({ app, from: at })
      if (app.suspend)
        tell({
          code: 'import-ecosystem-suspended',
          message: `${app.name}: its manifest suspends it: ${app.suspend.reason}`,
          place: at,
        })
    } else {
      errors.push({
        ...at,
        code: 'import-ecosystem-script',
        message: `${title ?? 'an application'} was left out: it has no script that could be told`,
      })
    }
  }
  return { definitions, errors }
}

/** No name is PM2's own way to take the script's; of a variable the default is what runs where it is not set. */
function mayHaveName(given: Static): boolean {
  if (given.type === 'scalar') return true
  return given.type === 'variable' && given.otherwise !== undefined && mayHaveName(given.otherwise)
}

/** The manifest of an application, and one overlay for each of its environments. */
function resourcesOf({ app, from }: Definition, names: ResourceNames): readonly ImportedResource[] {
  const name = names.take(app.name)
  const id = resourceId('Process', name)
  const head = { apiVersion: 'reconcile.dev/v1', kind: 'Process', metadata: { name } }
  const base: ImportedResource = {
    id,
    environment: undefined,
    from,
    mayStart: true,
    manifest: {
      ...head,
      spec: {
        ...(name === app.name ? {} : { name: app.name }),
        ...app.spec,
        ...(app.suspend && { suspend: app.suspend }),
      },
    },
  }
  const overlays = [...app.environments].map(([environment, env]): ImportedResource => {
    return { id, environment, from, manifest: { ...head, spec: { env } } }
  })
  return [base, ...overlays]
}
