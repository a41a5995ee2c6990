import { columnWidth, type Page, pad, pageWidth, trimLines, wrap } from './layout.ts'
import { plain, type Style } from './style.ts'
import { yamlText } from './yaml-text.ts'

/** What is printed of a field. */
export interface ExplainedField {
  readonly path: string
  readonly type: string
  readonly description: string
  readonly default: string | undefined
  readonly isRequired: boolean
  readonly examples: readonly unknown[]
  readonly fields: readonly {
    readonly name: string
    readonly type: string
    readonly description: string
    readonly isRequired: boolean
  }[]
}

const indent = '  '
const gap = '  '
const labelWidth = 'required'.length

/** The documentation of a field: what it means, what it takes, an example, and the fields inside. Every line fits. */
export function explainText(field: ExplainedField, options: Page & { readonly style?: Style }): string {
  const style = options.style ?? plain
  const width = pageWidth(options)
  const facts: readonly (readonly [string, string])[] = [
    ...(field.type === '' ? [] : [['type', field.type] as const]),
    ...(field.isRequired ? [['required', 'yes'] as const] : []),
    ...(field.default === undefined ? [] : [['default', field.default] as const]),
  ]
  return trimLines([
    style.bold(field.path),
    ...wrap(field.description, width - indent.length).map((line) => indent + line),
    ...(facts.length > 0 ? ['', ...facts.flatMap((fact) => factLines(fact, { width, style }))] : []),
    ...exampleLines(field, style),
    ...fieldLines(field.fields, { width, style }),
  ])
}

interface TextPage {
  readonly width: number
  readonly style: Style
}

function factLines([label, text]: readonly [string, string], { width, style }: TextPage): readonly string[] {
  const [first = '', ...rest] = wrap(text, width - labelWidth - gap.length)
  return [
    `${style.dim(pad(label, labelWidth))}${gap}${first}`,
    ...rest.map((line) => ' '.repeat(labelWidth) + gap + line),
  ]
}

/** The first example, as it stands in a manifest. */
function exampleLines({ path, examples }: ExplainedField, style: Style): readonly string[] {
  const [example] = examples
  if (example === undefined) return []
  const name = path.split('.').at(-1) ?? ''
  const isDocument = !path.includes('.')
  const text = yamlText(isDocument ? example : { [name]: example }).trimEnd()
  return ['', style.dim('example'), ...text.split('\n').map((line) => indent + line)]
}

function fieldLines(fields: ExplainedField['fields'], { width, style }: TextPage): readonly string[] {
  if (fields.length === 0) return []
  const names = fields.map(({ name, isRequired }) => (isRequired ? `${name} (required)` : name))
  const nameWidth = columnWidth(names, Math.floor(width / 3))
  const room = width - indent.length - nameWidth - gap.length
  return [
    '',
    style.dim('fields'),
    ...fields.flatMap(({ description }, index) => {
      const [first = '', ...rest] = wrap(firstSentence(description), room)
      return [
        `${indent}${style.cyan(pad(names[index] ?? '', nameWidth))}${gap}${first}`,
        ...rest.map((line) => `${' '.repeat(width - room)}${line}`),
      ]
    }),
  ]
}

function firstSentence(text: string): string {
  return /^.*?[.](?= [A-Z]|$)/.exec(text)?.[0] ?? text
}
