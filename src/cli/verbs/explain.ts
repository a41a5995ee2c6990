import { ReconcileError } from '../../core/errors.ts'
import { explain, isDocumentation, type UnknownField } from '../../manifests/explain.ts'
import { explainText } from '../../reports/explain-text.ts'
import { printDocument } from '../documents.ts'
import type { ExitStatus, Invocation } from '../invocation.ts'
import type { CommonOptions } from '../options.ts'
import { pageOf } from '../page.ts'

/** `reconcile explain`: what the schemas say of a kind or a field. */
export async function explainField(
  call: Invocation,
  common: CommonOptions,
  path: string,
): Promise<ExitStatus> {
  const found = explain(path)
  if (!isDocumentation(found)) throw unknownField(found)
  if (common.output === 'json' || common.output === 'yaml') {
    const { path: name, type, isRequired, description, examples, fields } = found
    await printDocument(call, common.output, {
      formatVersion: '1',
      path: name,
      type,
      required: isRequired,
      default: found.default ?? null,
      description,
      examples,
      fields: fields.map(({ isRequired: required, ...field }) => ({ ...field, required })),
    })
  } else call.out.write(explainText(found, pageOf(call, common, call.out)))
  return 0
}

function unknownField({ known, name, suggestion, choices }: UnknownField): ReconcileError {
  const shown = JSON.stringify(name)
  const message = known === '' ? `There is no kind ${shown}` : `${known} has no field ${shown}`
  const list = choices.length > 0 ? `There are: ${choices.join(', ')}.` : 'It has no fields.'
  const prefix = known === '' ? '' : `${known}.`
  return new ReconcileError('NotFound', message, {
    hint: suggestion === undefined ? list : `Did you mean ${prefix}${suggestion}?`,
  })
}
