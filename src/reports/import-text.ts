import type { ImportConflict, ImportNotice, ImportPlace } from '../core/import.ts'
import { type ImportReport, type ImportReportResource, placeName } from './import-json.ts'
import { columnWidth, type Page, pad, pageWidth, trimLines, truncate, widthOf, wrap } from './layout.ts'
import { counted, displayPath } from './names.ts'
import { sanitise } from './sanitise.ts'
import { plain, type Style } from './style.ts'

export interface ImportTextOptions extends Page {
  /** Default: no colours. */
  readonly style?: Style
  readonly workingDirectory: string
  /** Where the manifests were written, absolute; undefined: where a pass looks for them by itself. */
  readonly folder?: string
}

const gap = '  '

/** What an import did: each manifest, what one name several definitions had, and what could not be carried over. */
export function importText(report: ImportReport, options: ImportTextOptions): string {
  const style = options.style ?? plain
  const page = { width: pageWidth(options), style, workingDirectory: options.workingDirectory }
  const sections = [
    resourceLines(report.resources, page),
    report.conflicts.flatMap((conflict) => conflictLines(conflict, page)),
    report.warnings.flatMap((notice) => noticeLines(notice, page.style.yellow('warning'), page)),
    report.errors.flatMap((notice) => noticeLines(notice, page.style.red('error'), page)),
    wrap(summary(report, nextCommand(options)), page.width),
  ].filter((lines) => lines.length > 0)
  return trimLines(sections.flatMap((lines, index) => (index === 0 ? lines : ['', ...lines])))
}

interface TextPage {
  readonly width: number
  readonly style: Style
  readonly workingDirectory: string
}

function resourceLines(resources: readonly ImportReportResource[], page: TextPage): readonly string[] {
  const { style, width, workingDirectory } = page
  const ids = resources.map(({ id, environment }) =>
    sanitise(environment === undefined ? id : `${id} (${environment})`),
  )
  const files = resources.map(({ file }) => displayPath(file, workingDirectory))
  const idWidth = columnWidth(ids, Math.floor(width / 2))
  const fileWidth = columnWidth(files, width)
  return resources.map((resource, index) => {
    const id = pad(truncate(ids[index] ?? '', idWidth), idWidth)
    const from = placeText(resource.from, workingDirectory)
    const [sign, tail] =
      resource.outcome === 'written'
        ? [style.green('+'), `from ${from}`]
        : resource.outcome === 'unchanged'
          ? [style.dim('='), 'is there already']
          : [style.red('!'), 'not written']
    const file = files[index] ?? ''
    const room = width - 4 - idWidth - 2 * gap.length - tail.length
    const isWide = widthOf(file) <= room
    // Only the whole of a path is of use, so that where it has no room it stands on a line of its own.
    return isWide
      ? `  ${sign} ${id}${gap}${pad(file, Math.min(fileWidth, room))}${gap}${tail}`
      : `  ${sign} ${id}${gap}${truncate(tail, Math.max(12, width - 4 - idWidth - gap.length))}\n      ${file}`
  })
}

function conflictLines({ name, places, differs }: ImportConflict, page: TextPage): readonly string[] {
  const where = places.map((place) => placeText(place, page.workingDirectory))
  const what = differs.length > 0 ? `they differ in ${differs.join(', ')}` : 'they are equal'
  const text = `${sanitise(name)} is defined ${places.length} times, and ${sanitise(what)}. The first is taken:`
  return [
    ...indented(text, page, `${page.style.yellow('conflict')}: `, 'conflict: '.length),
    ...where.map((place, index) => `    ${index === 0 ? '*' : '-'} ${place}`),
  ]
}

function noticeLines(notice: ImportNotice, severity: string, page: TextPage): readonly string[] {
  const place = page.style.bold(placeText(notice, page.workingDirectory))
  // One line however long it is, in the form that editors and terminals make a link of.
  return [`${place}: ${severity} ${sanitise(notice.code)}: ${sanitise(notice.message)}`]
}

function indented(text: string, { width }: TextPage, head: string, headWidth: number): readonly string[] {
  return wrap(text, width - headWidth).map(
    (line, index) => `${index === 0 ? head : ' '.repeat(headWidth)}${line}`,
  )
}

function placeText({ file, line }: ImportPlace, workingDirectory: string): string {
  const name = placeName(file, workingDirectory)
  return line === undefined ? name : `${name}:${line}`
}

/** What shows what a pass would do with them. */
function nextCommand({ folder, workingDirectory }: ImportTextOptions): string {
  const path = folder === undefined ? 'manifests' : displayPath(folder, workingDirectory)
  return path === 'manifests' ? 'reconcile --dry-run' : `reconcile --dry-run --file ${path}`
}

function summary({ resources, conflicts, warnings, errors, isDryRun }: ImportReport, next: string): string {
  const number = (outcome: ImportReportResource['outcome']) =>
    resources.filter((resource) => resource.outcome === outcome).length
  const written = number('written')
  const parts = [
    `${counted(written, 'manifest')} ${isDryRun ? 'would be ' : ''}written`,
    ...(number('unchanged') > 0 ? [`${number('unchanged')} unchanged`] : []),
    ...(conflicts.length > 0 ? [counted(conflicts.length, 'conflict')] : []),
    ...(warnings.length > 0 ? [counted(warnings.length, 'warning')] : []),
    ...(errors.length > 0 ? [counted(errors.length, 'error')] : []),
  ]
  if (isDryRun) return `${parts.join(', ')}. Dry run: nothing was changed.`
  const environments = [...new Set(resources.flatMap(({ environment }) => environment ?? []))].sort()
  const choice = environments.map((name) => `\`--env ${sanitise(name)}\``).join(' or ')
  const shows =
    environments.length === 0
      ? 'shows what they would do.'
      : `shows what they would do; add ${choice} where that is what runs.`
  return `${parts.join(', ')}.${written > 0 ? ` \`${next}\` ${shows}` : ''}`
}
