import { convertWorkflowTemplate, NoOperationTraceWriter, parseWorkflow } from '@actions/workflow-parser'
import { Cron } from 'croner'
import { type Document, isMap, isScalar, LineCounter, parseDocument } from 'yaml'
import { normalCron } from './cron-normal-form.ts'

/** A fault of a workflow file; line and column count from 1. */
export interface WorkflowFileFault {
  readonly severity: 'error' | 'warning'
  readonly code: WorkflowFileCode
  readonly message: string
  readonly line: number
  readonly column: number
  readonly hint?: string
}

export type WorkflowFileCode =
  | 'workflow-file-invalid'
  | 'workflow-file-true-key'
  | 'workflow-file-cron'
  | 'workflow-file-same-schedule'
  | 'workflow-file-same-concurrency'

/** What a workflow file says, as far as it is judged together with others. */
export interface ReadWorkflowFile {
  readonly faults: readonly WorkflowFileFault[]
  readonly schedules: readonly Placed<string>[]
  /** Of the whole workflow and of its jobs, without groups that name the workflow itself. */
  readonly concurrency: readonly Placed<ConcurrencyGroup>[]
}

interface ConcurrencyGroup {
  readonly group: string
  /** Whether a run in it cancels the one before it. */
  readonly cancels: boolean
}

interface Placed<T> {
  readonly value: T
  readonly line: number
  readonly column: number
}

/** Judges a workflow file by GitHub's own parser, and by what that one does not say. Offline; reads no other file. */
export async function readWorkflowFile(name: string, text: string): Promise<ReadWorkflowFile> {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines })
  const trueKey = findTrueKey(document, lines)
  // GitHub's parser does not survive a key that is no text.
  const faults = trueKey ? [trueKey] : await judgeByGithub(name, text)
  const isYaml = document.errors.length === 0
  const schedules = isYaml ? schedulesIn(document, lines) : []
  const told = new Set(faults.map(({ line }) => line))
  const never = schedules.filter(({ value, line }) => !told.has(line) && !canFire(value)).map(neverFires)
  return {
    faults: [...faults, ...never],
    schedules,
    concurrency: isYaml ? concurrencyIn(document, lines) : [],
  }
}

async function judgeByGithub(name: string, content: string): Promise<readonly WorkflowFileFault[]> {
  if (content.trim() === '') {
    return [
      { ...start, severity: 'error', code: 'workflow-file-invalid', message: 'The workflow file is empty' },
    ]
  }
  const { context, value } = parseWorkflow({ name, content }, new NoOperationTraceWriter())
  if (value && context.errors.getErrors().length === 0) await convertWorkflowTemplate(context, value)
  return context.errors.getErrors().map(({ rawMessage, range }) => {
    const isCron = /^Invalid cron/i.test(rawMessage)
    const [first = ''] = rawMessage.split('\n')
    return {
      severity: 'error',
      code: isCron ? 'workflow-file-cron' : 'workflow-file-invalid',
      message: `GitHub would refuse the workflow: ${first.replace(/ at line \d+, column \d+:$/, '')}`,
      line: range?.start.line ?? 1,
      column: range?.start.column ?? 1,
    }
  })
}

const start = Object.freeze({ line: 1, column: 1 })

function placeOf(lines: LineCounter, offset: number | undefined): { line: number; column: number } {
  const { line, col } = lines.linePos(offset ?? 0)
  return { line: Math.max(1, line), column: Math.max(1, col) }
}

/** Programs that read YAML 1.1 take an unquoted `on` for true, and write it back so. */
function findTrueKey(document: Document.Parsed, lines: LineCounter): WorkflowFileFault | undefined {
  if (!isMap(document.contents)) return undefined
  for (const { key } of document.contents.items) {
    if (!isScalar(key) || key.value !== true) continue
    return {
      severity: 'error',
      code: 'workflow-file-true-key',
      message: 'Expected the key `on`, got `true`: a program of YAML 1.1 took an unquoted on for a boolean',
      hint: 'Write on: (or "on": where such a program will read it again).',
      ...placeOf(lines, key.range?.[0]),
    }
  }
  return undefined
}

function schedulesIn(document: Document.Parsed, lines: LineCounter): readonly Placed<string>[] {
  const schedule = document.getIn(['on', 'schedule'], true)
  if (schedule === null || typeof schedule !== 'object' || !('items' in schedule)) return []
  return (schedule.items as readonly unknown[]).flatMap((item) => {
    const cron = isMap(item) ? item.get('cron', true) : undefined
    if (!isScalar(cron) || typeof cron.value !== 'string') return []
    return [{ value: cron.value.trim().replaceAll(/\s+/g, ' '), ...placeOf(lines, cron.range?.[0]) }]
  })
}

function canFire(cron: string): boolean {
  try {
    return new Cron(cron, { paused: true, mode: '5-part' }).nextRun() !== null
  } catch {
    // What it cannot read GitHub's parser has judged.
    return true
  }
}

function neverFires({ value, line, column }: Placed<string>): WorkflowFileFault {
  return {
    severity: 'error',
    code: 'workflow-file-cron',
    message: `Expected a schedule that can fire, got "${value}": there is no such day`,
    line,
    column,
  }
}

function concurrencyIn(document: Document.Parsed, lines: LineCounter): ReadWorkflowFile['concurrency'] {
  const jobs = document.get('jobs', true)
  const ofJobs = isMap(jobs)
    ? jobs.items.map(({ value }) => (isMap(value) ? value.get('concurrency', true) : undefined))
    : []
  return [document.get('concurrency', true), ...ofJobs].flatMap((node) => {
    const group = isMap(node) ? node.get('group', true) : node
    if (!isScalar(group) || typeof group.value !== 'string') return []
    // Such a group is another one in every workflow.
    if (/github\.(workflow|workflow_ref|run_id)\b/.test(group.value)) return []
    const cancels = isMap(node) && node.get('cancel-in-progress') === true
    return [{ value: { group: group.value, cancels }, ...placeOf(lines, group.range?.[0]) }]
  })
}

/** A workflow file of a repository, for rules over several. */
export interface NamedWorkflowFile {
  /** The file that was read. */
  readonly path: string
  /** How messages name it. */
  readonly shown: string
  /** Files of other repositories never meet this one but as its backup. */
  readonly repository: string
  /** Where it is in the repository. */
  readonly place: string
  readonly file: ReadWorkflowFile
}

type FaultOfSeveral = WorkflowFileFault & { readonly path: string }

/**
 * What is wrong with files only together: a backup that runs at the same moment as its primary is no backup, and two
 * workflows of a repository in one group that cancels stop each other. `backups` are pairs of paths, primary first.
 */
export function compareWorkflowFiles(
  files: readonly NamedWorkflowFile[],
  backups: readonly (readonly [string, string])[],
): readonly FaultOfSeveral[] {
  const byPath = new Map(files.map((file) => [file.path, file]))
  const declared = backups.flatMap(([primary, backup]) => {
    const pair = [byPath.get(primary), byPath.get(backup)] as const
    return pair[0] && pair[1] ? [[pair[0], pair[1]] as const] : []
  })
  const byRepository = [...Map.groupBy(files, ({ repository }) => repository).values()]
  const found = [
    ...[...declared, ...byRepository.flatMap(backupsByName)].flatMap(sameSchedules),
    ...byRepository.flatMap(sameGroups),
  ]
  // One file may be the source of several workflows, and a backup both by name and by declaration.
  return [...new Map(found.map((fault) => [JSON.stringify(fault), fault])).values()]
}

function sameSchedules([primary, backup]: readonly [
  NamedWorkflowFile,
  NamedWorkflowFile,
]): readonly FaultOfSeveral[] {
  const crons = new Set(primary.file.schedules.map(({ value }) => normalCron(value)))
  return backup.file.schedules
    .filter(({ value }) => crons.has(normalCron(value)))
    .map(({ value, line, column }) => ({
      path: backup.path,
      severity: 'warning' as const,
      code: 'workflow-file-same-schedule' as const,
      message: `The schedule "${value}" is the very one of ${primary.shown}, which this workflow backs up`,
      hint: 'Let the backup run later, or only when it is dispatched.',
      line,
      column,
    }))
}

/** `x-backup.yml` or `x-fallback.yml` beside `x.yml`. */
function backupsByName(
  files: readonly NamedWorkflowFile[],
): readonly (readonly [NamedWorkflowFile, NamedWorkflowFile])[] {
  const stem = ({ place }: NamedWorkflowFile) => place.replace(/\.ya?ml$/, '')
  return files.flatMap((backup) => {
    const primaryStem = stem(backup).replace(/[-_.](backup|fallback)$/, '')
    if (primaryStem === stem(backup)) return []
    const primary = files.find((file) => stem(file) === primaryStem)
    return primary === undefined ? [] : [[primary, backup] as const]
  })
}

function sameGroups(files: readonly NamedWorkflowFile[]): readonly FaultOfSeveral[] {
  return files.flatMap(({ path, file }, index) =>
    file.concurrency.flatMap(({ value: { group, cancels }, line, column }) => {
      const other = files
        .slice(0, index)
        .find((earlier) =>
          earlier.file.concurrency.some(({ value }) => value.group === group && (value.cancels || cancels)),
        )
      if (!other) return []
      return [
        {
          path,
          severity: 'warning' as const,
          code: 'workflow-file-same-concurrency' as const,
          message: `The concurrency group "${group}" is also that of ${other.shown}, with cancel-in-progress: one cancels the other's runs`,
          hint: 'Name the group after the workflow, by the expression github.workflow.',
          line,
          column,
        },
      ]
    }),
  )
}
