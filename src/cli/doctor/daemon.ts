import type { Pm2Record } from '../../clients/pm2/process-record.ts'
import type { Clock } from '../../core/clock.ts'
import { isErrorOf, messageOf } from '../../core/errors.ts'
import type { DoctorFinding } from '../../reports/doctor-text.ts'

export interface DaemonExamination {
  readonly findings: readonly DoctorFinding[]
  /** What it runs; empty where none could be asked. */
  readonly records: readonly Pm2Record[]
}

/** The PM2 daemon of a home, and whether the `pm2` that people type fits it. Starts none. */
export async function examineDaemon(options: {
  readonly home: string
  readonly clock: Clock
  readonly signal: AbortSignal
  /** The version of the `pm2` on PATH; undefined: there is none. */
  readonly commandVersion: string | undefined
  /** A command of PM2 as it is typed for this home. */
  readonly typed: (...args: readonly string[]) => string
}): Promise<DaemonExamination> {
  const { home, clock, signal, commandVersion, typed } = options
  const check = 'pm2'
  const { openPm2 } = await import('../../clients/pm2/open.ts')
  const client = openPm2({ home, clock })
  try {
    const version = await client.version(signal)
    const records = await client.list(signal)
    const findings: DoctorFinding[] = [
      { check, verdict: 'fine', message: `a daemon of PM2 ${version} runs in ${home}`, cure: undefined },
    ]
    if (commandVersion !== undefined && commandVersion !== version) {
      findings.push({
        check,
        verdict: 'warning',
        message: `the \`pm2\` on PATH is ${commandVersion}, its daemon is ${version}`,
        cure: `\`${typed('update')}\` brings the daemon to the version of the command; it restarts every process`,
      })
    }
    const errored = records.filter(({ status }) => status === 'errored').map(({ name }) => name)
    if (errored.length > 0) {
      findings.push({
        check,
        verdict: 'warning',
        message: `PM2 gave up: ${[...new Set(errored)].join(', ')}`,
        cure: `\`${typed('logs', errored[0] ?? '', '--lines', '50')}\` shows why it ends`,
      })
    }
    return { findings, records }
  } catch (error) {
    if (isErrorOf(error, 'DaemonNotRunning')) {
      const message = `no daemon runs in ${home}; a pass starts one when it needs it`
      return { findings: [{ check, verdict: 'fine', message, cure: undefined }], records: [] }
    }
    const cure = isErrorOf(error, 'DaemonUnsupported')
      ? `install PM2 7 and run \`${typed('update')}\`, which restarts every process`
      : `\`${typed('ping')}\` says whether it answers at all; \`${typed('kill')}\` ends one that hangs, with all that it runs`
    return { findings: [{ check, verdict: 'error', message: messageOf(error), cure }], records: [] }
  } finally {
    await client.close()
  }
}
