import { isFields } from '../../../core/fields.ts'

/** A text that a workflow hands to a shell. */
export interface Step {
  readonly text: string
  /** Relative to the work tree. */
  readonly folder: string
}

/** The `run` steps of a workflow, or of an action that is made of steps. */
export function stepsOf(value: unknown): readonly Step[] {
  if (!isFields(value)) return []
  const usual = folderOf(value.defaults) ?? '.'
  const jobs = isFields(value.jobs) ? Object.values(value.jobs).filter(isFields) : []
  const lists = jobs.map((job) => ({ steps: job.steps, folder: folderOf(job.defaults) ?? usual }))
  const composite = isFields(value.runs) ? [{ steps: value.runs.steps, folder: '.' }] : []
  return [...lists, ...composite].flatMap(({ steps, folder }) =>
    Array.isArray(steps) ? steps.flatMap((step: unknown) => stepOf(step, folder)) : [],
  )
}

function stepOf(step: unknown, usual: string): readonly Step[] {
  if (!isFields(step) || typeof step.run !== 'string') return []
  const own = step['working-directory']
  const folder = typeof own === 'string' ? own : usual
  // What an expression becomes only GitHub knows.
  if (expression.test(folder)) return []
  return [{ text: step.run.replaceAll(new RegExp(expression, 'g'), '$EXPRESSION'), folder }]
}

const expression = /\$\{\{.*?\}\}/s

function folderOf(defaults: unknown): string | undefined {
  const run = isFields(defaults) && isFields(defaults.run) ? defaults.run['working-directory'] : undefined
  return typeof run === 'string' ? run : undefined
}
