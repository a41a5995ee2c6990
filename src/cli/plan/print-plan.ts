import type { Plan } from '../../core/plan.ts'
import { shown } from '../../core/shown.ts'
import type { ApiUse } from '../../reports/plan-api.ts'
import { planDocument } from '../../reports/plan-json.ts'
import { planMarkdown } from '../../reports/plan-markdown.ts'
import { planText } from '../../reports/plan-text.ts'
import { printDocument } from '../documents.ts'
import type { Invocation } from '../invocation.ts'
import type { CommonOptions } from '../options.ts'
import { pageOf } from '../page.ts'

/** Prints what would be done, as `-o` says. */
export async function printPlan(
  call: Invocation,
  common: CommonOptions,
  made: { readonly plan: Plan; readonly api: ApiUse },
): Promise<void> {
  const { output } = common
  const { plan, api } = shown(made, call.mask)
  if (output === 'json' || output === 'yaml') {
    await printDocument(call, output, planDocument(plan, { workingDirectory: call.cwd, api }))
    return
  }
  const text =
    output === 'markdown'
      ? planMarkdown(plan, { isDryRun: true })
      : planText(plan, { ...pageOf(call, common, call.out), isDryRun: true, api })
  call.out.write(text)
}
