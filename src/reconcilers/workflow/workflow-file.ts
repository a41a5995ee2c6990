import { convertWorkflowTemplate, NoOperationTraceWriter, parseWorkflow } from '@actions/workflow-parser'
import { Cron } from 'croner'
import { type Document, isMap, isScalar, LineCounter, parseDocument } from 'yaml'

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
  /** Of the whole workflow; undefined: none, or one that names the workflow itself. */
  readonly concurrency: Placed<{ readonly group: string; readonly cancels: boolean }> | undefined
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
    concurrency: isYaml ? concurrencyIn(document, lines) : undefined,
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
  const node = document.get('concurrency', true)
  const group = isMap(node) ? node.get('group', true) : node
  if (!isScalar(group) || typeof group.value !== 'string') return undefined
  // Such a group is another one in every workflow.
  if (/github\.(workflow|workflow_ref|run_id)\b/.test(group.value)) return undefined
  const cancels = isMap(node) && node.get('cancel-in-progress') === true
  return { value: { group: group.value, cancels }, ...placeOf(lines, group.range?.[0]) }
}

/** A named workflow file, for rules over several. */
export interface NamedWorkflowFile {
  readonly path: string
  readonly file: ReadWorkflowFile
}

/**
 * What is wrong with files only together: a backup that runs at the same moment as its primary is no backup, and two
 * workflows in one group that cancels stop each other. `backups` are pairs of paths, primary first.
 */
export function compareWorkflowFiles(
  files: readonly NamedWorkflowFile[],
  backups: readonly (readonly [string, string])[],
): readonly (WorkflowFileFault & { readonly path: string })[] {
  const byPath = new Map(files.map((file) => [file.path, file]))
  const pairs = [...backups, ...backupsByName([...byPath.keys()])]
  const seen = new Set<string>()
  const same = pairs.flatMap(([primary, backup]) => {
    const key = `${primary}\0${backup}`
    const first = byPath.get(primary)
    const second = byPath.get(backup)
    if (!first || !second || seen.has(key)) return []
    seen.add(key)
    const crons = new Set(first.file.schedules.map(({ value }) => value))
    return second.file.schedules
      .filter(({ value }) => crons.has(value))
      .map(({ value, line, column }) => ({
        path: backup,
        severity: 'warning' as const,
        code: 'workflow-file-same-schedule' as const,
        message: `The schedule "${value}" is the very one of ${primary}, which this workflow backs up`,
        hint: 'Let the backup run later, or only when it is dispatched.',
        line,
        column,
      }))
  })
  return [...same, ...sameGroups(files)]
}

/** `x-backup.yml` or `x-fallback.yml` beside `x.yml`. */
function backupsByName(paths: readonly string[]): readonly (readonly [string, string])[] {
  const stem = (path: string) => path.replace(/\.ya?ml$/, '')
  return paths.flatMap((backup) => {
    const primaryStem = stem(backup).replace(/[-_.](backup|fallback)$/, '')
    if (primaryStem === stem(backup)) return []
    const primary = paths.find((path) => stem(path) === primaryStem)
    return primary === undefined ? [] : [[primary, backup] as const]
  })
}

function sameGroups(files: readonly NamedWorkflowFile[]): readonly (WorkflowFileFault & { path: string })[] {
  const grouped = files.filter(({ file }) => file.concurrency !== undefined)
  return grouped.flatMap(({ path, file: { concurrency } }, index) => {
    const earlier = grouped
      .slice(0, index)
      .find(({ file }) => file.concurrency?.value.group === concurrency?.value.group)
    if (!concurrency || !earlier) return []
    if (!concurrency.value.cancels && !earlier.file.concurrency?.value.cancels) return []
    return [
      {
        path,
        severity: 'warning' as const,
        code: 'workflow-file-same-concurrency' as const,
        message: `The concurrency group "${concurrency.value.group}" is also that of ${earlier.path}, with cancel-in-progress: the two cancel each other's runs`,
        hint: 'Name the group after the workflow, by the expression github.workflow.',
        line: concurrency.line,
        column: concurrency.column,
      },
    ]
  })
}
