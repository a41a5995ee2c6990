import { formatDuration } from '../../core/duration.ts'
import { escapeHtml } from './escape-html.ts'
import type { Series } from './report.ts'
import { sizeText } from './trend-text.ts'

const width = 340
const height = 130
const left = 52
const right = 8
const top = 10
const bottom = 22

const titles: Readonly<Record<Series['metric'], string>> = Object.freeze({
  memory: 'memory',
  restarts: 'restarts, in all',
  runSeconds: 'duration of runs',
  passMs: 'duration of passes',
})

/** One line over time as inline SVG: no script, no font, no colour of its own but by the page's variables. */
export function chart(series: Series): string {
  const { points, limit } = series
  const [first, last] = [points[0], points.at(-1)]
  if (!first || !last) return ''
  const values = points.map(([, value]) => value)
  const shown = limit === null ? values : [...values, limit]
  // Counts begin at nothing; so does all else, so that a flat line looks flat.
  const most = Math.max(...shown, 1e-9) * 1.05
  const span = Math.max(1, last[0] - first[0])
  const x = (at: number) => left + ((at - first[0]) / span) * (width - left - right)
  const y = (value: number) => height - bottom - (value / most) * (height - top - bottom)
  const number = (value: number) => value.toFixed(1)
  const path = points
    .map(([at, value], index) => `${index === 0 ? 'M' : 'L'}${number(x(at))} ${number(y(value))}`)
    .join('')
  const area = `${path}L${number(x(last[0]))} ${number(y(0))}L${number(x(first[0]))} ${number(y(0))}Z`
  const grid = [0, 0.5, 1].map((share) => {
    const value = (most / 1.05) * share
    return `<line class="grid" x1="${left}" x2="${width - right}" y1="${number(y(value))}" y2="${number(y(value))}"/><text x="${left - 6}" y="${number(y(value) + 3.5)}" text-anchor="end">${escapeHtml(unitText(value, series.unit))}</text>`
  })
  const limitLine =
    limit === null
      ? ''
      : `<line class="limit" x1="${left}" x2="${width - right}" y1="${number(y(limit))}" y2="${number(y(limit))}"/>`
  const title = `${series.id}: ${titles[series.metric]}`
  const summary = `from ${unitText(first[1], series.unit)} to ${unitText(last[1], series.unit)}, at most ${unitText(Math.max(...values), series.unit)}${limit === null ? '' : `, limit ${unitText(limit, series.unit)}`}`
  return `<figure><figcaption><b>${escapeHtml(series.id)}</b> ${escapeHtml(titles[series.metric])}<br><span class="dim">${escapeHtml(summary)}</span></figcaption><svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeHtml(`${title}, ${summary}`)}">${grid.join('')}<path class="area" d="${area}"/><path class="line" d="${path}"/>${limitLine}<text x="${left}" y="${height - 6}">${timeText(first[0], span)}</text><text x="${width - right}" y="${height - 6}" text-anchor="end">${timeText(last[0], span)} UTC</text></svg></figure>`
}

function unitText(value: number, unit: Series['unit']): string {
  switch (unit) {
    case 'bytes':
      return value === 0 ? '0' : sizeText(value)
    case 'count':
      return String(Math.round(value * 10) / 10)
    case 'seconds':
      return value === 0 ? '0' : formatDuration(value * 1000)
    case 'ms':
      return value === 0 ? '0' : formatDuration(value)
  }
}

/** The hour within a day, the date beyond. */
function timeText(at: number, span: number): string {
  const iso = new Date(at).toISOString()
  return span > 36 * 3_600_000 ? iso.slice(5, 10) : `${iso.slice(5, 10)} ${iso.slice(11, 16)}`
}
