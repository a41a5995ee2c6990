import { ReconcileError } from '../../core/errors.ts'
import { silentLogger } from '../../core/logger.ts'
import type { LogLine } from '../../core/reconciler.ts'
import { LogPrinter, logLineDocument } from '../../reports/log-text.ts'
import type { ExitStatus, Invocation } from '../invocation.ts'
import type { CommonOptions } from '../options.ts'
import { pageOf } from '../page.ts'
import { declaredId } from '../selection.ts'
import { openSession } from '../session.ts'
import { withStoredFleet } from '../stored-fleet.ts'

/** `reconcile logs`: what a resource printed; with `follow` until it is interrupted, which is how that ends well. */
export function logs(
  call: Invocation,
  common: CommonOptions,
  options: { readonly resource: string; readonly lines: number; readonly follow: boolean },
): Promise<ExitStatus> {
  return withStoredFleet(call, common, async ({ workspace, declaration, store, ledger }) => {
    const id = declaredId(declaration, options.resource)
    const desired = declaration.resources.find((resource) => resource.id === id)
    if (!desired) throw new ReconcileError('NotFound', `No resource ${id} is declared`)
    const session = openSession(workspace, {
      declaration,
      store,
      ledger,
      logger: silentLogger,
      mayRunCommands: false,
      lease: undefined,
    })
    try {
      const connection = await session.world.connect(desired.kind)
      const lines = connection.logs?.(desired, options, call.signal)
      if (!lines) {
        throw new ReconcileError('NoLogs', `Cannot show logs of ${id}: a ${desired.kind} keeps none`, {
          hint: `\`reconcile describe ${id}\` and \`reconcile events ${id}\` tell what is known of it.`,
        })
      }
      const isEmpty = !(await printLines(call, common, lines))
      if (isEmpty && !common.quiet && !call.signal.aborted) call.err.write(`${id} has printed nothing yet.\n`)
      return 0
    } catch (error) {
      if (call.signal.aborted) return 0
      throw error
    } finally {
      await session.close()
    }
  })
}

/** Whether there was any. As JSON each line is an object of its own, because there may be no end. */
async function printLines(
  call: Invocation,
  common: CommonOptions,
  lines: AsyncIterable<LogLine>,
): Promise<boolean> {
  const printer = new LogPrinter(pageOf(call, common, call.out))
  let isAny = false
  for await (const printed of lines) {
    isAny = true
    const line = { ...printed, text: call.mask.maskForeign(printed.text) }
    call.out.write(
      common.output === 'json' ? `${JSON.stringify(logLineDocument(line))}\n` : printer.print(line),
    )
  }
  return isAny
}
