import type { HealthStatus } from '../../core/health.ts'
import type { Trend } from '../trends/find-trends.ts'

/** How soon somebody should look: it breaks the fleet, it is broken or will be, it is only to be known. */
export type Severity = 'critical' | 'warning' | 'info'

/** One trouble, told once, with what cures it. */
export interface Recommendation {
  readonly severity: Severity
  /** One CamelCase word: the reason that was observed, or the kind of a trend. */
  readonly reason: string
  /** Whom it is about; several where they have one cause. Empty: the fleet as a whole. */
  readonly resources: readonly string[]
  /** Those that only wait for it to be cured. */
  readonly holdsUp: readonly string[]
  /** What is wrong, one sentence. */
  readonly problem: string
  /** What was seen: figures, paths, messages. */
  readonly observed: string
  /** What helps, one or two sentences. */
  readonly cure: string
  /** What to type, in this order. */
  readonly commands: readonly string[]
}

/** A figure of a distribution, in milliseconds. */
export interface Timing {
  readonly count: number
  readonly median: number
  readonly p95: number
  readonly longest: number
  /** From the first to the last that was measured, ISO 8601. */
  readonly from: string
  readonly to: string
}

export interface ProcessFigures {
  readonly id: string
  /** Within the window. */
  readonly restarts: number
  /** Bytes of all instances together. Null: not measured. */
  readonly memory: { readonly first: number; readonly last: number; readonly most: number } | null
  readonly cpuPercent: number | null
  readonly probe: Timing | null
  /** From the first to the last sample, ISO 8601. */
  readonly from: string
  readonly to: string
}

export interface WorkflowFigures {
  readonly id: string
  readonly runs: number
  readonly medianSeconds: number | null
  /** Shares of the runs, 0 to 1. */
  readonly failed: number
  readonly flaky: number
  readonly from: string
  readonly to: string
}

/** One line of a chart. */
export interface Series {
  readonly id: string
  readonly metric: 'memory' | 'restarts' | 'runSeconds' | 'passMs'
  readonly unit: 'bytes' | 'count' | 'seconds' | 'ms'
  /** Epoch milliseconds and the value, oldest first. */
  readonly points: readonly (readonly [at: number, value: number])[]
  /** What it must not pass, such as `maxMemory`. Null: nothing. */
  readonly limit: number | null
}

export interface TrendOf {
  readonly id: string
  readonly type: Trend['type']
  readonly message: string
  /** When a limit is passed, ISO 8601. Null: there is none. */
  readonly passesAt: string | null
  readonly earliest: string | null
  readonly latest: string | null
}

/** The report: what every format prints, and what `-o json` is; `schemas/report.schema.json` describes each field. */
export interface Report {
  readonly formatVersion: '1'
  readonly fleet: string
  readonly environment: string | null
  readonly madeAt: string
  /** What of the past it covers. */
  readonly window: { readonly from: string; readonly to: string }
  readonly controller: ReportedController | null
  /** One that was cut off, and nobody acted since. Left out where there is none. */
  readonly lostController?: ReportedController
  readonly isDown: boolean
  readonly observedAt: string | null
  readonly health: { readonly score: number | null; readonly target: number; readonly state: string }
  readonly summary: Readonly<Record<HealthStatus, number>>
  readonly recommendations: readonly Recommendation[]
  readonly trends: readonly TrendOf[]
  readonly resources: readonly {
    readonly id: string
    readonly sync: string
    readonly health: HealthStatus
    readonly critical: boolean
    readonly message: string
    readonly observedAt: string | null
  }[]
  readonly performance: {
    /** Reading, deciding and acting of one pass. Null: none was measured in the window. */
    readonly passes: Timing | null
    /** From writing an intent to knowing its outcome. */
    readonly actions: (Timing & { readonly succeeded: number; readonly failed: number }) | null
    readonly api: readonly {
      readonly vendor: string
      readonly used: number
      readonly remaining: number | null
      /** When its figures were first and last taken within the window. */
      readonly from: string
      readonly to: string
      readonly at: string
    }[]
    readonly processes: readonly ProcessFigures[]
    readonly workflows: readonly WorkflowFigures[]
  }
  readonly errors: readonly {
    readonly reason: string
    readonly id: string | null
    readonly count: number
    readonly firstAt: string
    readonly lastAt: string
    readonly message: string
  }[]
  readonly attempts: readonly {
    readonly id: string
    readonly attempts: number
    readonly nextAttemptAt: string | null
    readonly lastAction: string | null
  }[]
  readonly findings: readonly {
    readonly severity: 'error' | 'warning'
    readonly code: string
    readonly about: string
    readonly message: string
    readonly file: string | null
    readonly line: number | null
    readonly hint: string | null
  }[]
  readonly series: readonly Series[]
}

/** Times as texts. */
export interface ReportedController {
  readonly pid: number
  readonly since: string
  /** Its last sign of life. */
  readonly seenAt: string
}
