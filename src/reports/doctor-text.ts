import { type Page, pad, pageWidth, trimLines, wrap } from './layout.ts'
import { counted } from './names.ts'
import { sanitise, sanitiseJson } from './sanitise.ts'
import { plain, type Style } from './style.ts'

/** One thing that was looked at. */
export interface DoctorFinding {
  /** Stable, such as `node` or `rival-cron`. */
  readonly check: string
  readonly verdict: 'fine' | 'warning' | 'error' | 'unknown'
  /** What was seen. Holds no secret. */
  readonly message: string
  /** What to do about it; undefined where nothing is. */
  readonly cure: string | undefined
}

const words = Object.freeze({ fine: 'ok', warning: 'warning', error: 'error', unknown: 'unknown' })
const wordWidth = 'unknown'.length

/** Each thing that was looked at, with what helps. Every line fits the page. */
export function doctorText(
  findings: readonly DoctorFinding[],
  options: Page & { readonly style?: Style },
): string {
  const style = options.style ?? plain
  const width = pageWidth(options)
  const paint = { fine: style.green, warning: style.yellow, error: style.red, unknown: style.yellow }
  const checkWidth = Math.max(0, ...findings.map(({ check }) => check.length))
  const room = width - wordWidth - checkWidth - 4
  const below = ' '.repeat(width - room)
  const lines = findings.flatMap(({ check, verdict, message, cure }) => {
    const [first = '', ...rest] = wrap(sanitise(message), room)
    const help = cure === undefined ? [] : wrap(sanitise(cure), room - 'cure: '.length)
    return [
      `${paint[verdict](pad(words[verdict], wordWidth))}  ${pad(check, checkWidth)}  ${first}`,
      ...rest.map((line) => below + line),
      ...help.map((line, index) => `${below}${index === 0 ? 'cure: ' : '      '}${line}`),
    ]
  })
  return trimLines([...lines, '', summary(findings)])
}

function summary(findings: readonly DoctorFinding[]): string {
  const number = (verdict: DoctorFinding['verdict']) =>
    findings.filter((finding) => finding.verdict === verdict).length
  const [errors, warnings, unknown] = [number('error'), number('warning'), number('unknown')]
  if (errors + warnings + unknown === 0) return 'Everything is in order. Nothing was changed.'
  const parts = [
    ...(errors > 0 ? [counted(errors, 'error')] : []),
    ...(warnings > 0 ? [counted(warnings, 'warning')] : []),
    ...(unknown > 0 ? [`${unknown} not known`] : []),
  ]
  return `${parts.join(', ')}. Nothing was changed.`
}

/** The same for programs. */
export function doctorDocument(findings: readonly DoctorFinding[]) {
  const number = (verdict: DoctorFinding['verdict']) =>
    findings.filter((finding) => finding.verdict === verdict).length
  return sanitiseJson({
    formatVersion: '1' as const,
    summary: {
      fine: number('fine'),
      warnings: number('warning'),
      errors: number('error'),
      unknown: number('unknown'),
    },
    findings: findings.map(({ check, verdict, message, cure }) => ({
      check,
      verdict,
      message,
      cure: cure ?? null,
    })),
  })
}
