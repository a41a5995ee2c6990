import { sep } from 'node:path'
import { brokenPaths } from '../../core/diagnostic.ts'
import type { FleetEvent } from '../../core/event.ts'
import { type ResourceId, resourceId } from '../../core/resource.ts'
import { passSeries, type Sample } from '../../core/sample.ts'
import { shown } from '../../core/shown.ts'
import { heardStates } from '../../engine/heard.ts'
import type { Manifests } from '../../manifests/read.ts'
import { buildReport } from '../../reports/report/build-report.ts'
import { reportHtml } from '../../reports/report/report-html.ts'
import { reportMarkdown } from '../../reports/report/report-markdown.ts'
import { reportText } from '../../reports/report/report-text.ts'
import { attendanceOf } from '../attendance.ts'
import { printDocument } from '../documents.ts'
import { fleetStatusOf } from '../fleet-status.ts'
import type { ExitStatus, Invocation } from '../invocation.ts'
import type { CommonOptions } from '../options.ts'
import { pageOf } from '../page.ts'
import { assertSomethingDeclared } from '../read-declaration.ts'
import { type StoredFleet, withStoredFleet } from '../stored-fleet.ts'
import { surroundingsOf } from '../surroundings.ts'

/** As many as a state keeps of one environment: a report of a busy day leaves none of it out. */
const mostEvents = 50_000
/** Records of the past that are read at most: what is older than the newest of them is not told. */
const mostOutcomes = 5000

/** `reconcile report`: how the fleet is, what to do about it, and how it went. */
export function report(
  call: Invocation,
  common: CommonOptions,
  options: { readonly window: number },
): Promise<ExitStatus> {
  return withStoredFleet(call, common, async (fleet) => {
    const { declaration, view, workspace, ledger } = fleet
    assertSomethingDeclared(declaration)
    const now = workspace.clock.now()
    const from = now - options.window
    const status = fleetStatusOf(declaration, heardStates(view, declaration, now))
    const ids = status.resources.map(({ id }) => id)
    const { controller, lost } = await attendanceOf(fleet)
    const events = await ledger.events({ limit: mostEvents })
    const built = buildReport({
      status,
      declared: declaration.resources,
      diagnostics: declaration.diagnostics,
      events,
      samples: await samplesOf(fleet, ids, from),
      passes: await ledger.samples(passSeries, from),
      steps: await ledger.outcomes(mostOutcomes),
      controller,
      lost,
      isDown: view.isDown,
      from,
      now,
      surroundings: await surroundingsOf(workspace, fleet),
      standIns: standInsOf(declaration),
      untold: untoldOf(declaration, events),
    })
    const made = shown(built, call.mask)
    switch (common.output) {
      case 'json':
      case 'yaml':
        await printDocument(call, common.output, made)
        break
      case 'markdown':
        call.out.write(reportMarkdown(made))
        break
      case 'html':
        call.out.write(reportHtml(made))
        break
      case 'text':
        call.out.write(reportText(made, pageOf(call, common, call.out)))
        break
    }
    return 0
  })
}

/** Broken files that are stood in for by what the store remembers of them, or of what lies in them. */
function standInsOf({ diagnostics, texts, resources, missing }: Manifests): ReadonlySet<string> {
  const files = brokenPaths(diagnostics)
  const isOf = (file: string) => (path: string) => path === file || path.startsWith(`${file}${sep}`)
  const known = [...texts.keys()]
  const holding = resources.map(({ origin }) => origin.file)
  // What it said is as broken now where something outside it went.
  const holds = (file: string) => missing.length === 0 || holding.some(isOf(file))
  return new Set([...files].filter((file) => known.some(isOf(file)) && holds(file)))
}

/** Receivers that cannot be used as they are declared, and those of which the newest that is known is a failure. */
function untoldOf({ alerting }: Manifests, events: readonly FleetEvent[]): ReadonlyMap<string, string> {
  const untold = new Map<string, string>()
  for (const { name } of alerting.receivers) {
    const newest = events.find(({ id }) => id === resourceId('Receiver', name))
    if (newest?.type === 'Warning') untold.set(name, newest.message)
  }
  return untold
}

async function samplesOf(
  { ledger }: StoredFleet,
  ids: readonly ResourceId[],
  from: number,
): Promise<ReadonlyMap<ResourceId, readonly Sample[]>> {
  const all = new Map<ResourceId, readonly Sample[]>()
  for (const id of ids) all.set(id, await ledger.samples(id, from))
  return all
}
