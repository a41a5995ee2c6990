import { execFile } from 'node:child_process'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Pm2Record } from '../../clients/pm2/process-record.ts'
import { readMark } from '../../reconcilers/process/mark.ts'
import type { DoctorFinding } from '../../reports/doctor-text.ts'

/** Commands by which a script fights a controller: what it starts is stopped, what it stops is started. */
const command =
  /\bpm2(?:\.js)?\s+(?:-\S+\s+)*(restart|reload|gracefulReload|stop|delete|del|kill|update|start|startOrRestart|startOrReload|resurrect)\b/
/** The same with its arguments apart, as `spawn` and its like take them. */
const spawned =
  /["'`]pm2["'`]\s*,\s*\[\s*["'`](restart|reload|gracefulReload|stop|delete|del|kill|update|start|startOrRestart|startOrReload|resurrect)["'`]/
/** The same by PM2's own library. */
const library = /\bpm2\.(restart|reload|stop|delete|killDaemon|start)\s*\(/

/** Bytes of a script that are read. */
const mostBytes = 512 * 1024

export interface RivalPlaces {
  /** Where `/etc` lies. */
  readonly root: string
  /** The user's home, for his own units. */
  readonly home: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly records: readonly Pm2Record[]
  /** A command of PM2 as it is typed for this home. */
  readonly typed: (...args: readonly string[]) => string
  readonly signal: AbortSignal
}

/** Who else starts and stops processes on this machine: cron, systemd, and programs that PM2 itself runs. */
export async function examineRivals(places: RivalPlaces): Promise<readonly DoctorFinding[]> {
  const found = [
    ...(await cronRivals(places)),
    ...(await unitRivals(places)),
    ...(await processRivals(places)),
  ]
  if (found.length > 0) return found
  const message = 'no cron entry, systemd unit or PM2 process was seen that restarts or stops processes'
  return [{ check: 'rivals', verdict: 'fine', message, cure: undefined }]
}

async function cronRivals({ root, env, signal }: RivalPlaces): Promise<readonly DoctorFinding[]> {
  const folders = ['etc/cron.d', 'etc/cron.hourly', 'etc/cron.daily', 'etc/cron.weekly'].map((folder) =>
    join(root, folder),
  )
  const files = [join(root, 'etc/crontab'), ...(await Promise.all(folders.map(filesIn))).flat()]
  const texts = await Promise.all(files.map(async (file) => ({ file, text: await textOf(file) })))
  const own = { file: 'crontab -l', text: await crontab(env, signal) }
  return [own, ...texts].flatMap(({ file, text }) =>
    linesWith(text).map(({ line, word }) => ({
      check: 'rival-cron',
      verdict: 'warning' as const,
      message: `${file}:${line} runs \`pm2 ${word}\``,
      cure: 'remove the entry: what it restarts is kept as declared; what runs at times is a Process with `cron`',
    })),
  )
}

/** PM2's own unit starts its daemon at boot and ends it at shutdown: that is no rival. */
async function unitRivals({ root, home }: RivalPlaces): Promise<readonly DoctorFinding[]> {
  const folders = [join(root, 'etc/systemd/system'), join(home, '.config/systemd/user')]
  const files = (await Promise.all(folders.map(filesIn)))
    .flat()
    .filter((file) => /\.(?:service|timer)$/.test(file))
  const texts = await Promise.all(files.map(async (file) => ({ file, text: await textOf(file) })))
  return texts
    .filter(({ text }) => !/^ExecStart=.*\bpm2(?:\.js)?\s+resurrect\b/m.test(text))
    .flatMap(({ file, text }) =>
      linesWith(text).map(({ line, word }) => ({
        check: 'rival-systemd',
        verdict: 'warning' as const,
        message: `${file}:${line} runs \`pm2 ${word}\``,
        cure: 'disable the unit with `systemctl disable --now`: what it restarts is kept as declared',
      })),
    )
}

/** Scripts that PM2 runs and that act on PM2 themselves: the "master" or "watchdog" of former days. */
async function processRivals({ records, typed }: RivalPlaces): Promise<readonly DoctorFinding[]> {
  const findings: DoctorFinding[] = []
  const seen = new Set<string>()
  for (const { name, execPath, args, reconciled, raw } of records) {
    if (seen.has(name) || raw.pmx_module === true) continue
    seen.add(name)
    const inArgs = command.exec(args.join(' '))
    const text = execPath === undefined ? '' : await textOf(execPath)
    const [first] = linesWith(text)
    if (!inArgs && !first) continue
    const where = inArgs
      ? `its arguments run \`pm2 ${inArgs[1]}\``
      : `${execPath}:${first?.line} calls \`pm2 ${first?.word}\``
    const mark = readMark(reconciled)
    findings.push({
      check: 'rival-process',
      verdict: 'warning',
      message: `the PM2 process ${name} acts on PM2 itself: ${where}`,
      cure: mark
        ? `remove ${mark.id} from the manifests of the fleet ${mark.fleet} once everything that it looks after is declared`
        : `\`${typed('delete', name)}\` once everything that it looks after is declared`,
    })
  }
  return findings
}

function linesWith(text: string): readonly { readonly line: number; readonly word: string }[] {
  if (text.includes('\0')) return []
  return text.split('\n').flatMap((line, index) => {
    if (/^\s*(?:#|\/\/)/.test(line)) return []
    const word = (command.exec(line) ?? spawned.exec(line) ?? library.exec(line))?.[1]
    return word === undefined ? [] : [{ line: index + 1, word }]
  })
}

/** The user's own cron table; empty where he has none, or the machine no cron. */
function crontab(env: RivalPlaces['env'], signal: AbortSignal): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>()
  const options = { env: { PATH: env.PATH, HOME: env.HOME }, signal, timeout: 5000 }
  execFile('crontab', ['-l'], options, (error, output) => resolve(error ? '' : output))
  return promise
}

async function filesIn(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder).catch(() => [])
  return entries.sort().map((entry) => join(folder, entry))
}

/** Empty for what is no readable file of a usual size. */
async function textOf(file: string): Promise<string> {
  try {
    const found = await stat(file)
    return found.isFile() && found.size <= mostBytes ? await readFile(file, 'utf8') : ''
  } catch {
    // It is gone, or somebody else's: what cannot be read is nothing that we could name.
    return ''
  }
}
