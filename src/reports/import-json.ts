import { isAbsolute } from 'node:path'
import type { ImportConflict, ImportNotice, ImportPlace } from '../core/import.ts'
import type { ResourceId } from '../core/resource.ts'
import { displayPath } from './names.ts'
import { sanitise, sanitiseJson } from './sanitise.ts'

/** What an import did, or in a dry run would do. */
export interface ImportReport {
  readonly resources: readonly ImportReportResource[]
  readonly conflicts: readonly ImportConflict[]
  readonly warnings: readonly ImportNotice[]
  readonly errors: readonly ImportNotice[]
  readonly isDryRun: boolean
}

export interface ImportReportResource {
  readonly id: ResourceId
  /** Undefined: the base. */
  readonly environment: string | undefined
  readonly from: ImportPlace
  /** The manifest file, absolute. */
  readonly file: string
  /** In a dry run what would have become of it. */
  readonly outcome: 'written' | 'unchanged' | 'refused'
}

interface PlaceDocument {
  readonly file: string
  readonly line: number | null
}

/** The report as other programs read it (DESIGN section 8). Paths are relative to the working directory. */
export interface ImportDocument {
  readonly formatVersion: '1'
  /** Files that were written; none in a dry run. */
  readonly written: readonly string[]
  readonly resources: readonly { readonly id: string; readonly file: string; readonly from: PlaceDocument }[]
  readonly conflicts: readonly {
    readonly name: string
    readonly places: readonly PlaceDocument[]
    readonly differs: readonly string[]
  }[]
  readonly warnings: readonly NoticeDocument[]
  readonly errors: readonly NoticeDocument[]
}

interface NoticeDocument extends PlaceDocument {
  readonly code: string
  readonly message: string
}

export function importDocument(
  report: ImportReport,
  { workingDirectory }: { readonly workingDirectory: string },
): ImportDocument {
  const place = ({ file, line }: ImportPlace): PlaceDocument => ({
    file: placeName(file, workingDirectory),
    line: line ?? null,
  })
  const notice = (each: ImportNotice): NoticeDocument => ({
    ...place(each),
    code: each.code,
    message: each.message,
  })
  const done = report.resources.filter(({ outcome }) => outcome !== 'refused')
  const written = report.isDryRun ? [] : done.filter(({ outcome }) => outcome === 'written')
  return sanitiseJson<ImportDocument>({
    formatVersion: '1',
    written: written.map(({ file }) => displayPath(file, workingDirectory)),
    resources: done.map(({ id, file, from }) => ({
      id,
      file: displayPath(file, workingDirectory),
      from: place(from),
    })),
    conflicts: report.conflicts.map(({ name, places, differs }) => ({
      name,
      places: places.map(place),
      differs,
    })),
    warnings: report.warnings.map(notice),
    errors: report.errors.map(notice),
  })
}

/** A place is a file, or a name such as `pm2`. */
export function placeName(file: string, workingDirectory: string): string {
  return isAbsolute(file) ? displayPath(file, workingDirectory) : sanitise(file)
}
