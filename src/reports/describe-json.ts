import { shownSpec } from '../core/secrecy.ts'
import type { Json } from '../core/store.ts'
import type { Description } from './describe-text.ts'
import { jsonValue } from './json-value.ts'
import { isoTime } from './names.ts'
import { sanitiseJson } from './sanitise.ts'
import { resourceDocument } from './status-json.ts'

/** One resource in full, for programs. Secrets are `***`. */
export function describeDocument(description: Description): Json {
  const { id, resource, state, owned, suspension, events } = description
  return sanitiseJson<Json>(
    jsonValue({
      formatVersion: '1',
      id,
      file: resource?.origin.file ?? null,
      line: resource?.origin.line ?? null,
      labels: resource?.labels ?? {},
      annotations: resource?.annotations ?? {},
      spec: resource ? shownSpec(resource.spec) : null,
      controls: resource?.controls ?? null,
      status: state ? resourceDocument(state.status) : null,
      activeFor: state?.activeFor ?? [],
      owned: owned
        ? { externalName: owned.externalName, origin: owned.origin, since: isoTime(owned.since) }
        : null,
      suspension: suspension ?? null,
      events: events.map((event) => ({
        at: isoTime(event.at),
        type: event.type,
        reason: event.reason,
        message: event.message,
        count: event.count,
      })),
    }),
  )
}
