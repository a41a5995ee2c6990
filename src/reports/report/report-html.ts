import { formatDuration } from '../../core/duration.ts'
import { type HealthStatus, healthStatuses } from '../../core/health.ts'
import { fleetTitle } from '../names.ts'
import { chart } from './chart.ts'
import { escapeHtml as text } from './escape-html.ts'
import type { Recommendation, Report } from './report.ts'
import {
  allowanceText,
  attendance,
  capital,
  listed,
  placeOfFinding,
  standing,
  timingText,
  windowText,
} from './report-text.ts'
import { sizeText } from './trend-text.ts'

/** Every pair of colours has a contrast of 4.5 to 1 at least, in both schemes. */
const styles = `
:root{color-scheme:light dark;--page:#f6f7f9;--card:#fff;--ink:#1b2330;--dim:#566070;--rule:#d9dee6;--accent:#1f5fbf;--fill:#1f5fbf1f;--good:#1c7a3f;--warn:#8a5a00;--bad:#b3261e;--code:#eef1f5}
@media(prefers-color-scheme:dark){:root{--page:#12161c;--card:#1a2029;--ink:#e6eaf0;--dim:#a2adbb;--rule:#313a47;--accent:#7db1ff;--fill:#7db1ff26;--good:#6fd394;--warn:#f0b95a;--bad:#ff8f86;--code:#242c37}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
main{max-width:1120px;margin:0 auto;padding:24px 16px 48px}
h1{font-size:24px;margin:0}h2{font-size:18px;margin:32px 0 10px}
.dim{color:var(--dim)}
.card,figure{background:var(--card);border:1px solid var(--rule);border-radius:8px;padding:14px 16px;margin:0 0 10px}
.head{display:flex;gap:20px;align-items:center;flex-wrap:wrap}
.score{font-size:40px;font-weight:700;line-height:1}
.good{color:var(--good)}.warn{color:var(--warn)}.bad{color:var(--bad)}
.bar{display:flex;height:12px;border-radius:6px;overflow:hidden;margin-top:14px;background:var(--rule)}
.bar span{display:block}
.Healthy{background:var(--good)}.Suspended{background:var(--dim)}.Progressing{background:var(--accent)}.Missing,.Degraded{background:var(--bad)}.Unknown{background:var(--warn)}
.critical{border-left:5px solid var(--bad)}.warning{border-left:5px solid var(--warn)}.info{border-left:5px solid var(--dim)}
.card h3{margin:0 0 4px;font-size:16px}
.card p{margin:4px 0}
pre{background:var(--code);border-radius:6px;padding:8px 10px;margin:8px 0 0;overflow-x:auto;font:13px/1.5 ui-monospace,"DejaVu Sans Mono",Menlo,monospace}
code{background:var(--code);border-radius:4px;padding:1px 4px;font:13px ui-monospace,"DejaVu Sans Mono",Menlo,monospace}
.charts{display:grid;grid-template-columns:repeat(auto-fill,minmax(320px,1fr));gap:10px}
figure{padding:10px 12px}figcaption{font-size:13px;overflow-wrap:anywhere}
svg{width:100%;height:auto;display:block}svg text{fill:var(--dim);font-size:10px}
.grid{stroke:var(--rule)}.line{fill:none;stroke:var(--accent);stroke-width:1.6}.area{fill:var(--fill)}.limit{stroke:var(--bad);stroke-width:1.4;stroke-dasharray:5 4}
.wide{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:13.5px}
th,td{text-align:left;padding:5px 12px 5px 0;border-bottom:1px solid var(--rule);vertical-align:top;overflow-wrap:anywhere}
td.num,th.num{text-align:right;white-space:nowrap}
`.trim()

/** The report as one file that needs nothing else: styles and charts are within it, and no script is. */
export function reportHtml(report: Report): string {
  const title = `Report of fleet ${fleetTitle(report.fleet, report.environment ?? undefined)}`
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${text(title)}</title>
<style>${styles}</style>
</head>
<body>
<main>
${[head(report, title), recommendations(report), performance(report), errors(report), findings(report), resources(report)].join('\n')}
</main>
</body>
</html>
`
}

function head(report: Report, title: string): string {
  const { score, state } = report.health
  const now = Date.parse(report.madeAt)
  const tone = state === 'Healthy' ? 'good' : 'bad'
  const bar = healthStatuses
    .filter((status) => report.summary[status] > 0)
    .map(
      (status) =>
        `<span class="${status}" style="flex:${report.summary[status]}" title="${report.summary[status]} ${status}"></span>`,
    )
    .join('')
  return `<section class="card"><div class="head"><div class="score ${tone}">${score === null ? '-' : `${score} %`}</div><div><h1>${text(title)}</h1><div>${text(standing(report))}.</div><div class="dim">${text(attendance(report, now))} Made at ${report.madeAt}, it covers the last ${formatDuration(now - Date.parse(report.window.from))}.</div></div></div><div class="bar" role="img" aria-label="${text(standing(report))}">${bar}</div></section>`
}

function recommendations({ recommendations: all }: Report): string {
  const cards = all.map(recommendation).join('\n')
  return `<h2>What to do</h2>\n${cards === '' ? '<p>Nothing needs to be done.</p>' : cards}`
}

/** What stands between backquotes is code. */
function withCode(value: string): string {
  return value
    .split('`')
    .map((part, index) => (index % 2 === 1 ? `<code>${text(part)}</code>` : text(part)))
    .join('')
}

const tones = { critical: 'bad', warning: 'warn', info: 'dim' } as const

function recommendation(one: Recommendation): string {
  const parts = [
    `<h3>${text(capital(one.problem))} <span class="${tones[one.severity]}">${one.severity}</span></h3>`,
    one.observed === '' ? '' : `<p class="dim">${text(capital(one.observed))}.</p>`,
    one.resources.length > 1 ? `<p>About ${text(listed(one.resources, 20))}.</p>` : '',
    one.holdsUp.length > 0 ? `<p>Wait for it: ${text(listed(one.holdsUp, 20))}.</p>` : '',
    `<p>${withCode(one.cure)}</p>`,
    one.commands.length === 0 ? '' : `<pre>${one.commands.map(text).join('\n')}</pre>`,
  ]
  return `<article class="card ${one.severity}">${parts.join('')}</article>`
}

function performance(report: Report): string {
  const { passes, actions, api, processes, workflows } = report.performance
  const figures = [
    passes ? `Passes: ${timingText(passes)}.` : '',
    actions
      ? `Actions: ${timingText(actions)}; ${actions.succeeded} succeeded, ${actions.failed} failed.`
      : '',
    ...api.map((one) => `${allowanceText(one)}.`),
  ].filter((line) => line !== '')
  const isEmpty = figures.length + processes.length + workflows.length === 0
  return [
    '<h2>Performance</h2>',
    isEmpty ? '<p>Nothing was measured in this time.</p>' : '',
    figures.length === 0 ? '' : `<p>${figures.map(text).join('<br>')}</p>`,
    report.series.length === 0 ? '' : `<div class="charts">${report.series.map(chart).join('\n')}</div>`,
    table(
      ['Process', '#Restarts', '#Memory', '#Most', '#CPU', '#Probe', 'Window'],
      processes.map((one) => [
        one.id,
        String(one.restarts),
        one.memory ? sizeText(one.memory.last) : '-',
        one.memory ? sizeText(one.memory.most) : '-',
        one.cpuPercent === null ? '-' : `${Math.round(one.cpuPercent)} %`,
        one.probe ? formatDuration(one.probe.median) : '-',
        windowText(one),
      ]),
    ),
    table(
      ['Workflow', '#Runs', '#Median', '#Failed', '#Flaky', 'Window'],
      workflows.map((one) => [
        one.id,
        String(one.runs),
        one.medianSeconds === null ? '-' : formatDuration(one.medianSeconds * 1000),
        `${Math.round(100 * one.failed)} %`,
        `${Math.round(100 * one.flaky)} %`,
        windowText(one),
      ]),
    ),
  ].join('\n')
}

function errors(report: Report): string {
  const isEmpty = report.errors.length + report.attempts.length === 0
  return [
    '<h2>Errors and attempts</h2>',
    isEmpty ? '<p>None in this time.</p>' : '',
    table(
      ['Last', '#Times', 'Reason', 'About', 'Message'],
      report.errors.map((one) => [
        one.lastAt,
        String(one.count),
        one.reason,
        one.id ?? 'the fleet',
        one.message,
      ]),
    ),
    table(
      ['Resource', '#Attempts', 'Next try', 'Last action'],
      report.attempts.map((one) => [
        one.id,
        String(one.attempts),
        one.nextAttemptAt ?? '-',
        one.lastAction ?? '-',
      ]),
    ),
  ].join('\n')
}

function findings({ findings: all }: Report): string {
  const rows = all.map((finding) => {
    const { severity, code, message, hint } = finding
    return [severity, code, placeOfFinding(finding), hint === null ? message : `${message}. ${hint}`]
  })
  return `<h2>Findings</h2>\n${rows.length === 0 ? '<p>None.</p>' : table(['Severity', 'Code', 'Where', 'Message'], rows)}`
}

function resources({ resources: all }: Report): string {
  const order = (health: HealthStatus) => -healthStatuses.indexOf(health)
  const rows = all
    .toSorted((a, b) => order(a.health) - order(b.health))
    .map(({ id, sync, health, critical, message, observedAt }) => [
      critical ? `${id} (critical)` : id,
      sync,
      health,
      message,
      observedAt ?? 'never',
    ])
  return `<h2>Resources</h2>\n${table(['Resource', 'Sync', 'Health', 'Message', 'Read'], rows)}`
}

/** A head that begins with # is that of numbers. */
function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return ''
  const kind = (column: number) => (heads[column]?.startsWith('#') ? ' class="num"' : '')
  const headCells = heads.map((one, column) => `<th${kind(column)}>${text(one.replace('#', ''))}</th>`)
  const bodyRows = rows.map(
    (row) => `<tr>${row.map((cell, column) => `<td${kind(column)}>${text(cell)}</td>`).join('')}</tr>`,
  )
  return `<div class="card wide"><table><thead><tr>${headCells.join('')}</tr></thead><tbody>${bodyRows.join('\n')}</tbody></table></div>`
}
