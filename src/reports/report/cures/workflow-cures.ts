import { quoted } from '../../../core/shell-word.ts'
import {
  type Ailment,
  describe,
  only,
  type Prescribe,
  type Prescriptions,
  placeOf,
  planOnly,
  retry,
  textOf,
} from '../ailment.ts'
import { type Command, shell } from '../command.ts'

const repositoryOf = (ailment: Ailment) => textOf(ailment, 'repository') ?? 'OWNER/REPO'
const pathOf = (ailment: Ailment) => textOf(ailment, 'path') ?? 'FILE'

/** GitHub's own command, which takes a workflow by its file's name. */
const gh = (ailment: Ailment, verb: string): Command =>
  shell(
    `gh workflow ${verb} ${quoted(pathOf(ailment).split('/').at(-1) ?? '')} --repo ${quoted(repositoryOf(ailment))}`,
  )

const run: Prescribe = (ailment) => ({
  problem: `the newest run of ${ailment.id} is not green`,
  cure: 'The run that is named says which step failed. Mend that; once it needs no more reruns, let it be tried anew.',
  commands: [describe(ailment), ...retry(ailment)],
})

/** What is judged is what would be delivered: the declared source, where there is one. */
const file: Prescribe = (ailment) => {
  const source = textOf(ailment, 'source')
  if (source !== undefined) {
    return {
      problem: `${ailment.id} cannot start: its workflow file is not valid`,
      cure: `Mend ${source}, which ${placeOf(ailment, 'source')} names; the check says line and column, and a pass delivers it.`,
      commands: [{ type: 'reconcile', args: ['check'] }, ...retry(ailment)],
    }
  }
  return {
    problem: `${ailment.id} cannot start: its workflow file is not valid`,
    cure: `Its file is ${pathOf(ailment)} of ${repositoryOf(ailment)}: check it in a checkout of that repository, which names line and column, mend it there and push.`,
    commands: [shell(`reconcile check --workflow ${quoted(pathOf(ailment))}`), ...retry(ailment)],
  }
}

const stale: Prescribe = (ailment) => ({
  problem: `${ailment.id} has not run for longer than it may`,
  cure: `Start it by hand once, or declare \`green.onStale: dispatch\` in ${placeOf(ailment, 'green')} so that this happens by itself.`,
  commands: [gh(ailment, 'run'), only(ailment)],
})

const lookedAtAgain: Prescribe = (ailment) => ({
  problem: `what GitHub says of ${ailment.id} is not known to us`,
  cure: 'Nothing is done about it. Look at the run that is named; when it has ended, a pass looks again.',
  commands: [describe(ailment), only(ailment)],
})

/** For Workflows, by the reason that was observed. */
export const workflowCures: Prescriptions = Object.freeze({
  RunFailed: run,
  RunTimedOut: run,
  RunNotFinished: run,
  AttemptsExhausted: run,
  BackOff: run,
  StartupFailure: file,
  FileInvalid: file,
  Stale: stale,
  NeverRan: stale,
  NoRunSeen: stale,
  ConclusionUnknown: lookedAtAgain,
  RunStatusUnknown: lookedAtAgain,
  StateUnknown: lookedAtAgain,
  RunsNotRead: (ailment) => ({
    problem: `the runs of ${ailment.id} were not read`,
    cure: 'GitHub did not give them, so that nothing is known of them; a pass asks again.',
    commands: [only(ailment)],
  }),
  DispatchUnconfirmed: (ailment) => ({
    problem: `a run of ${ailment.id} was asked for and is in no list`,
    cure: 'It is not asked for again before its list shows what became of it. Look there; if it never came, begin anew.',
    commands: [
      shell(
        `gh run list --repo ${quoted(repositoryOf(ailment))} --workflow ${quoted(pathOf(ailment).split('/').at(-1) ?? '')}`,
      ),
      { type: 'reconcile', args: ['resume', ailment.id] },
    ],
  }),
  Disabled: (ailment) => ({
    problem: `${ailment.id} is disabled`,
    cure: 'A pass enables it, where its manifest allows that; by hand it is done at once.',
    commands: [planOnly(ailment), gh(ailment, 'enable'), only(ailment)],
  }),
  Enabled: (ailment) => ({
    problem: `${ailment.id} is enabled and should not be`,
    cure: 'A pass disables it.',
    commands: [only(ailment)],
  }),
  DisabledByInactivity: (ailment) => ({
    problem: `GitHub disabled ${ailment.id}, because its repository was quiet`,
    cure: `Enable it by hand, or declare \`reenable: [inactivity]\` in ${placeOf(ailment, 'reenable')} so that passes do.`,
    commands: [gh(ailment, 'enable'), only(ailment)],
  }),
  DisabledByPerson: (ailment) => ({
    problem: `a person disabled ${ailment.id}`,
    cure: `If that is meant, declare \`state: disabled\` in ${placeOf(ailment, 'state')}; if not, enable it by hand, or declare \`reenable: [manual]\` in ${placeOf(ailment, 'reenable')}.`,
    commands: [gh(ailment, 'enable'), only(ailment)],
  }),
  DisabledOnFork: (ailment) => ({
    problem: `GitHub keeps ${ailment.id} disabled, because its repository is a fork`,
    cure: 'Only a person can enable it: on the page "Actions" of the repository, or by the command.',
    commands: [gh(ailment, 'enable'), only(ailment)],
  }),
  FileDrifted: (ailment) => ({
    problem: `the workflow file of ${ailment.id} is not its source`,
    cure: 'A pass delivers the source; if the change on GitHub is meant, take it over into the source.',
    commands: [planOnly(ailment), only(ailment)],
  }),
  FileMissing: (ailment) => ({
    problem: `${ailment.id} has no workflow file`,
    cure: `Declare a \`source\` to have it delivered, or correct \`path\` in ${placeOf(ailment, 'path')}.`,
    commands: [only(ailment)],
  }),
  NotRegistered: (ailment) => ({
    problem: `GitHub does not list ${ailment.id}`,
    cure: `It lists a workflow once its file is on the default branch. If it is, look whether the settings of the repository ("Actions") allow them, or correct \`repository\` or \`path\` in ${placeOf(ailment, 'path')}.`,
    commands: [shell(`gh workflow list --all --repo ${quoted(repositoryOf(ailment))}`), only(ailment)],
  }),
  WaitingForApproval: (ailment) => ({
    problem: `a run of ${ailment.id} waits for a person`,
    cure: 'Approve or reject it on the page that is named.',
    commands: [describe(ailment)],
  }),
  WaitingForMerge: (ailment) => ({
    problem: `the file of ${ailment.id} waits in a pull request`,
    cure: 'Merge or close the pull request that is named.',
    commands: [describe(ailment)],
  }),
})
