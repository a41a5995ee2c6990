import { describe, only, type Prescriptions, placeOf, planOnly, retry, textOf } from '../ailment.ts'
import { shell } from '../command.ts'

/** For FunctionSets, by the reason that was observed. */
export const functionSetCures: Prescriptions = Object.freeze({
  DirectoryInvalid: (ailment) => ({
    problem: `the functions of ${ailment.id} cannot be read from its directory`,
    cure: `Mend what is named, or correct \`directory\` in ${placeOf(ailment, 'directory')}. Nothing is deployed before.`,
    commands: [{ type: 'reconcile', args: ['check'] }, only(ailment)],
  }),
  DirectoryEmpty: (ailment) => ({
    problem: `the directory of ${ailment.id} holds no function any more`,
    cure: `Bring its files back, or correct \`directory\`, \`include\` and \`exclude\` in ${placeOf(ailment, 'directory')}. Nothing goes from the site for it.`,
    commands: [{ type: 'reconcile', args: ['check'] }, only(ailment)],
  }),
  ScriptMissing: (ailment) => ({
    problem: `${ailment.id} cannot be deployed: its directory cannot be read`,
    cure: `Mend what is named, or correct \`directory\` in ${placeOf(ailment, 'directory')}.`,
    commands: [{ type: 'reconcile', args: ['check'] }, only(ailment)],
  }),
  SiteMissing: (ailment) => ({
    problem: `Netlify shows no site ${textOf(ailment, 'site') ?? ''} to our token`,
    cure: `Correct \`site\` in ${placeOf(ailment, 'site')}, or use a token of the team that owns it.`,
    commands: [
      shell(
        `curl -H "Authorization: Bearer $${ailment.surroundings.tokens.netlify}" 'https://api.netlify.com/api/v1/sites?filter=all'`,
      ),
      only(ailment),
    ],
  }),
  NothingPublished: (ailment) => ({
    problem: `nothing is published on the site of ${ailment.id}`,
    cure: 'A pass deploys the functions, where the site is not linked to git or `via` is declared; the plan says what stands against it.',
    commands: [planOnly(ailment), only(ailment)],
  }),
  FunctionsMissing: (ailment) => ({
    problem: `functions of ${ailment.id} are not on its site`,
    cure: 'A pass deploys them; the plan says what stands against it.',
    commands: [planOnly(ailment), ...retry(ailment)],
  }),
  NotPublished: (ailment) => ({
    problem: `what is declared for ${ailment.id} is not on its site, and may not be deployed`,
    cure: 'The message says what stands against it: do away with that, or say in the manifest that it may be.',
    commands: [describe(ailment), planOnly(ailment), ...retry(ailment)],
  }),
  VerifyFailed: (ailment) => ({
    problem: `a function of ${ailment.id} does not answer as declared`,
    cure: `Its log at Netlify says why. Mend the function, or correct \`verify\` in ${placeOf(ailment, 'verify')}.`,
    commands: [describe(ailment), ...retry(ailment)],
  }),
  RolledBack: (ailment) => ({
    problem: `the last deploy of ${ailment.id} was taken back`,
    cure: 'The deploy before it is published, and the bad one is not tried again. Mend the functions: what differs is deployed anew.',
    commands: [describe(ailment), planOnly(ailment), ...retry(ailment)],
  }),
  FunctionNotBundled: (ailment) => ({
    problem: `a function of ${ailment.id} cannot be bundled`,
    cure: 'Correct the file that the message names; it is tried again when a source or a package changes, and after `resume`. The site is as it was.',
    commands: [describe(ailment), ...retry(ailment)],
  }),
})
