import { ReconcileError } from '../../core/errors.ts'
import { shown } from '../../core/shown.ts'
import { heardStates } from '../../engine/heard.ts'
import { type MonitorView, monitorFrame } from '../../reports/monitor-text.ts'
import { attendanceOf } from '../attendance.ts'
import { queueOf } from '../fleet-schedule.ts'
import { fleetStatusOf } from '../fleet-status.ts'
import type { ExitStatus, Invocation } from '../invocation.ts'
import type { CommonOptions } from '../options.ts'
import { pageOf } from '../page.ts'
import { readDeclaration } from '../read-declaration.ts'
import { type StoredFleet, withStoredFleet } from '../stored-fleet.ts'
import { typedIn } from '../surroundings.ts'

/** How often the screen is drawn, milliseconds: ages go on though nothing happens. */
const frameInterval = 1000
/** How often the manifests are read again. */
const rereadInterval = 5000
const shownEvents = 10

/** The alternate screen of a terminal, and back, with its cursor. */
const enter = '\u001b[?1049h\u001b[?25l'
const leave = '\u001b[?25h\u001b[?1049l'
const home = '\u001b[H'
const endOfLine = '\u001b[K'
const endOfScreen = '\u001b[J'

/** `reconcile monitor`: looks and never acts, until q or Ctrl-C; the terminal is then as it was. */
export function monitor(call: Invocation, common: CommonOptions): Promise<ExitStatus> {
  const { readKeys } = call
  if (!call.out.isTerminal || !readKeys) {
    throw new ReconcileError('UsageInvalid', 'Cannot show a live screen: this is no terminal', {
      hint: '`reconcile status` and `reconcile events` print the same once.',
    })
  }
  return withStoredFleet(call, common, async (fleet) => {
    const { clock } = fleet.workspace
    const quit = new AbortController()
    const signal = AbortSignal.any([call.signal, quit.signal])
    const stopKeys = readKeys((key) => {
      if (key === 'q' || key === 'Q' || key === '\u0003') quit.abort(new Error('quit'))
    })
    call.out.write(enter)
    try {
      let { declaration } = fleet
      let nextReading = clock.monotonic() + rereadInterval
      while (!signal.aborted) {
        if (clock.monotonic() >= nextReading) {
          const read = await readDeclaration(fleet.workspace, fleet.store, { mayRunCommands: false })
          declaration = read.declaration
          nextReading = clock.monotonic() + rereadInterval
        }
        const view = shown(await look({ ...fleet, declaration }), call.mask)
        const { style } = pageOf(call, common, call.out)
        const screen = { columns: call.out.columns, rows: call.out.rows ?? 24, style, now: clock.now() }
        const lines = monitorFrame(view, screen).map((line) => `${line}${endOfLine}`)
        call.out.write(`${home}${lines.join('\r\n')}${endOfScreen}`)
        await clock.sleep(frameInterval, signal).catch(() => undefined)
      }
      return 0
    } finally {
      stopKeys()
      call.out.write(leave)
    }
  })
}

async function look(fleet: StoredFleet): Promise<MonitorView> {
  const { workspace, declaration, ledger } = fleet
  const view = await ledger.load()
  const status = fleetStatusOf(declaration, heardStates(view, declaration, workspace.clock.now()))
  return {
    status,
    attendance: await attendanceOf({ ...fleet, view }),
    typed: typedIn(workspace),
    queue: queueOf(declaration, status, workspace),
    events: await ledger.events({ limit: shownEvents }),
  }
}
