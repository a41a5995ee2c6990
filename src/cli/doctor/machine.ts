import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { DoctorFinding } from '../../reports/doctor-text.ts'

/** Bounds from which on things go wrong in practice. */
const least = Object.freeze({
  nodeMajor: 24,
  /** Open files of one process: a daemon has three a process that it runs. */
  files: 4096,
  /** inotify: one watch a folder, one instance a program that watches. */
  watches: 16_384,
  instances: 128,
})

/**
 * Node and the limits of the machine. `root` is where `/proc` lies; the limit of open files is the running daemon's,
 * which keeps the one that it was started with, or else what one that is started from here would get.
 */
export async function examineMachine(
  root: string,
  nodeVersion: string,
  daemonPid?: number,
): Promise<readonly DoctorFinding[]> {
  const limits = await textOf(join(root, `proc/${daemonPid ?? 'self'}/limits`))
  const files = /^Max open files\s+(\S+)/m.exec(limits)?.[1]
  const watches = await textOf(join(root, 'proc/sys/fs/inotify/max_user_watches'))
  const instances = await textOf(join(root, 'proc/sys/fs/inotify/max_user_instances'))
  return [
    nodeFinding(nodeVersion),
    limitFinding(
      'files',
      daemonPid === undefined ? 'open files a process' : `open files of the PM2 daemon (pid ${daemonPid})`,
      files === 'unlimited' ? Number.POSITIVE_INFINITY : files,
      {
        least: least.files,
        cure: `raise it with \`ulimit -n ${least.files}\` before the daemon starts${daemonPid === undefined ? '' : ' again'}, or by LimitNOFILE in its systemd unit`,
      },
    ),
    limitFinding('inotify', 'inotify watches a user', watches, {
      least: least.watches,
      cure: `\`sysctl fs.inotify.max_user_watches=${least.watches * 4}\`, and the same line in /etc/sysctl.d`,
    }),
    limitFinding('inotify', 'inotify instances a user', instances, {
      least: least.instances,
      cure: `\`sysctl fs.inotify.max_user_instances=${least.instances * 4}\`, and the same line in /etc/sysctl.d`,
    }),
  ]
}

function nodeFinding(version: string): DoctorFinding {
  const isFine = Number.parseInt(version.slice(1), 10) >= least.nodeMajor
  return {
    check: 'node',
    verdict: isFine ? 'fine' : 'error',
    message: `Node ${version}`,
    cure: isFine ? undefined : `install Node ${least.nodeMajor} or later`,
  }
}

function limitFinding(
  check: string,
  what: string,
  value: string | number | undefined,
  bound: { readonly least: number; readonly cure: string },
): DoctorFinding {
  const number = value === undefined || value === '' ? Number.NaN : Number(value)
  if (Number.isNaN(number)) {
    return { check, verdict: 'unknown', message: `the limit of ${what} could not be read`, cure: undefined }
  }
  const isFine = number >= bound.least
  const shown = number === Number.POSITIVE_INFINITY ? 'no limit' : String(number)
  return {
    check,
    verdict: isFine ? 'fine' : 'warning',
    message: `${what}: ${shown}${isFine ? '' : `, and ${bound.least} are advisable`}`,
    cure: isFine ? undefined : bound.cure,
  }
}

/** Empty where there is none, as on a system without /proc. */
async function textOf(path: string): Promise<string> {
  return readFile(path, 'utf8').then(
    (text) => text.trim(),
    () => '',
  )
}
