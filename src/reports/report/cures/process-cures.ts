import { quoted } from '../../../core/shell-word.ts'
import {
  type Ailment,
  describe,
  isExhausted,
  logs,
  only,
  type Prescribe,
  type Prescriptions,
  placeOf,
  resume,
  retry,
  specOf,
} from '../ailment.ts'
import { type Command, pm2, reconcile, shell } from '../command.ts'

const crash: Prescribe = (ailment) => ({
  problem: isExhausted(ailment.status)
    ? `${ailment.id} ends again and again, and is not tried any more`
    : `${ailment.id} ends again and again`,
  cure: 'Its log says why. Mend that, then let it be tried anew.',
  commands: [logs(ailment), ...resume(ailment)],
})

const jobFailed: Prescribe = (ailment) => ({
  problem: `the last run of ${ailment.id} failed`,
  cure: 'Its log says why. The next run is made by its schedule; nothing is repeated before.',
  commands: [logs(ailment)],
})

const probe: Prescribe = (ailment) => {
  const asked = probeCommand(ailment)
  return {
    problem: `${ailment.id} runs and does not work: its probe fails`,
    cure: `Ask what the probe asks and read what it printed; if the probe itself is wrong, correct \`health\` in ${placeOf(ailment, 'health')}.`,
    commands: [...(asked === undefined ? [] : [asked]), logs(ailment), ...retry(ailment)],
  }
}

/** The probe as a person types it. */
function probeCommand(ailment: Ailment): Command | undefined {
  const path = specOf(ailment, 'health', 'http', 'path')
  const port = specOf(ailment, 'health', 'http', 'port')
  if (port !== undefined)
    return shell(
      `curl -i ${quoted(`http://127.0.0.1:${String(port)}${typeof path === 'string' ? path : '/'}`)}`,
    )
  const tcp = specOf(ailment, 'health', 'tcp', 'port')
  return tcp === undefined ? undefined : shell(`nc -zv 127.0.0.1 ${quoted(String(tcp))}`)
}

/** `script` (manifests/api.yaml:5), for each of them that is declared. */
function fieldsOf(ailment: Ailment, fields: readonly string[]): string {
  const declared = fields.filter((field) => specOf(ailment, field) !== undefined)
  return (declared.length > 0 ? declared : fields.slice(0, 1))
    .map((field) => `\`${field}\` (${placeOf(ailment, field)})`)
    .join(' or ')
}

const started: Prescribe = (ailment) => ({
  problem: `${ailment.id} does not run`,
  cure: 'A pass starts it.',
  commands: retry(ailment),
})

/** For Processes, by the reason that was observed. */
export const processCures: Prescriptions = Object.freeze({
  Errored: crash,
  RestartsRising: crash,
  Restarting: crash,
  Failed: crash,
  NoProcess: crash,
  Ended: crash,
  BackOff: (ailment) => ({
    problem: `${ailment.id} does not come up`,
    cure: 'It is tried again by itself within its attempts; its log says why it fails.',
    commands: [logs(ailment), describe(ailment)],
  }),
  AttemptsExhausted: (ailment) => ({
    problem: `${ailment.id} could not be brought back, and is not tried any more`,
    cure: 'Its log says why it fails. Mend that, then start its attempts anew.',
    commands: [logs(ailment), ...resume(ailment)],
  }),
  Stopped: (ailment) => ({
    problem: `${ailment.id} is stopped`,
    cure: 'A pass starts it again; if it is meant to rest, suspend it, so that everybody knows.',
    commands: [...retry(ailment), reconcile('suspend', ailment.id, '--reason', 'WHY')],
  }),
  RolloutStuck: (ailment) => ({
    problem: `the update of ${ailment.id} goes no further: an instance that was updated does not come up`,
    cure: 'The others serve on as they were. Its log says why; mend that, or declare again what worked: either is taken up by itself.',
    commands: [logs(ailment), describe(ailment), ...retry(ailment)],
  }),
  NotRunning: started,
  InstancesMissing: (ailment) => ({
    problem: `${ailment.id} runs with fewer instances than declared`,
    cure: 'A pass starts those that are missing.',
    commands: retry(ailment),
  }),
  LeftBehind: (ailment) => ({
    problem: `${ailment.id} runs on, and PM2 does not know it any more`,
    cure: 'A pass ends what was left behind and starts it under PM2.',
    commands: retry(ailment),
  }),
  DuplicateName: (ailment) => ({
    problem: `PM2 has several processes of the name of ${ailment.id}`,
    cure: 'It cannot be told which of them is meant: delete the wrong one by its number in PM2.',
    commands: [pm2('list'), pm2('delete', 'NUMBER'), only(ailment)],
  }),
  ProbeFailed: probe,
  ProbeFailing: probe,
  ProbePending: probe,
  ProbeNotRun: probe,
  LastRunFailed: jobFailed,
  RunCutOff: (ailment) => ({
    problem: `${ailment.id} takes longer than the time between its runs, and is cut off by the next`,
    cure: `Its log says how far it comes. Make it quicker, or let it run less often: ${fieldsOf(ailment, ['cron'])}.`,
    commands: [logs(ailment), ...retry(ailment)],
  }),
  ScriptMissing: (ailment) => ({
    problem: `${ailment.id} cannot be started: what it should run is not there`,
    cure: `Put it where it is looked for, or correct ${fieldsOf(ailment, ['script', 'cwd'])}.`,
    commands: [reconcile('check'), ...retry(ailment)],
  }),
})
