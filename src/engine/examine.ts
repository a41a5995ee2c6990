import type { Action } from '../core/action.ts'
import type { HoldReason } from '../core/hold.ts'
import type { Assessment, Pair } from '../core/reconciler.ts'
import { kindOf, type ResourceId } from '../core/resource.ts'
import type { Sample } from '../core/sample.ts'
import { reclaim, takeStance } from './claim.ts'
import type { Finding, Subject } from './finding.ts'
import { reconcilerOf, type World } from './world.ts'

/**
 * Judges one subject: whose it is, what differs, how it is, and what is wanted. Pure, but for the domain's own
 * pure functions. Holds of ownership are set here; all others are the guard's.
 */
export function examine(
  world: Pick<World, 'reconcilers'>,
  given: Subject,
  history: {
    readonly now: number
    readonly samples: readonly Sample[]
    /** The fleet was taken down: what we created is stopped. Default: false. */
    readonly isDown?: boolean
  },
): Finding {
  const subject = withoutUnprovenRow(world, given)
  const { desired, reading } = subject
  const unresolved = desired?.unresolved[0]
  if (unresolved) {
    return unknownFinding(subject, 'ReferenceUnresolved', `${unresolved.path}: ${unresolved.message}`)
  }
  if (reading.type === 'unreadable') return unknownFinding(subject, reading.code, reading.message)

  const reconciler = reconcilerOf(world, kindOf(subject.id))
  const { stance, message } = takeStance(subject, reconciler)
  if (stance === 'not-ours' || stance === 'conflict') {
    const reason: HoldReason = stance === 'conflict' ? 'Conflict' : 'NotOurs'
    return {
      ...subject,
      stance,
      actions: [],
      assessment: bareAssessment('Missing', reason, message),
      holds: [{ reason, message, until: undefined }],
      unknown: undefined,
      ownership: subject.owned,
    }
  }
  if (!desired && (stance === 'released' || stance === 'absent')) {
    return quietFinding(subject, stance, message)
  }
  const ownership =
    stance === 'taken-back' && desired && reading.type === 'present'
      ? reclaim(
          subject,
          reconciler.claim(desired, reading.value),
          reconciler.externalName(desired),
          history.now,
        )
      : subject.owned
  // What can stand by can be stopped without being forgotten; what is not ours, or was there before us, runs on.
  const isTakenDown =
    history.isDown === true &&
    desired !== undefined &&
    reconciler.canBeFallback &&
    (stance === 'absent' || ownership?.origin === 'created')
  const pair: Pair<unknown, unknown> = {
    id: subject.id,
    desired,
    observed: reading.value,
    owned: ownership,
    mark: ownership ? { ...subject.mark, origin: ownership.origin } : originOfNew(subject, stance),
    posture:
      isTakenDown || (subject.standsBehind.length > 0 && subject.activeFor.length === 0)
        ? 'standby'
        : 'active',
    unconfirmed: subject.unconfirmed,
  }
  const drift: readonly Action[] = reconciler.diff(pair)
  // Where nothing of it is to be deleted it is let go: a row that waits for a deletion that never comes would stay.
  if (!desired && drift.length === 0)
    return quietFinding(subject, 'released', 'no longer declared; nothing to delete')
  if (!desired)
    return {
      ...quietFinding(subject, stance, message),
      // Nobody says any more how it should be, but it is there: neither missing nor well.
      assessment: bareAssessment('Progressing', 'NotDeclared', 'pending deletion'),
      actions: drift.map((action) => inFavour(action, subject)),
    }
  const assessment = reconciler.assess(pair, history)
  const corrections = drift.length > 0 ? drift : assessment.remedy ? [assessment.remedy] : []
  const wanted = [...corrections, ...(assessment.due ?? [])]
  const actions = isTakenDown ? wanted.map(stopping) : wanted
  return {
    ...subject,
    stance,
    actions,
    assessment: isTakenDown
      ? whileDown(assessment)
      : pair.posture === 'standby'
        ? onStandby(assessment, subject.standsBehind)
        : assessment,
    holds: [],
    unknown: undefined,
    ownership,
    ...(isTakenDown && { isTakenDown }),
    ...(pair.posture === 'standby' && { isStandingBy: true }),
  }
}

/** Domains know standing by, and nothing of fleets. */
function stopping(action: Action): Action {
  return { ...action, reason: 'the fleet is taken down' }
}

/** Domains know nothing of what a resource was called before. */
function inFavour(action: Action, { successor, owned }: Subject): Action {
  if (!successor) return action
  const isNamed = owned !== undefined && action.summary.startsWith('no longer declared')
  const summary = isNamed ? `was ${successor.id}, ${owned.origin} by this fleet` : action.summary
  return { ...action, summary, reason: `${successor.id} has another name outside now` }
}

/** Stopped on purpose is neither missing nor standing by for anybody. */
function whileDown(assessment: Assessment): Assessment {
  if (assessment.status !== 'Healthy') return assessment
  return { ...assessment, status: 'Suspended', reason: 'FleetDown', message: 'stopped: the fleet is down' }
}

/**
 * A row is written before its create. Where the create was cut off and what stands there now bears no mark, another
 * was quicker: it is not what we created, whatever the row says.
 */
function withoutUnprovenRow(world: Pick<World, 'reconcilers'>, subject: Subject): Subject {
  const { id, desired, owned, reading, unconfirmed } = subject
  if (!owned || !desired || reading.type !== 'present') return subject
  const reconciler = reconcilerOf(world, kindOf(id))
  const wasCutOff = unconfirmed.some((intent) => intent.verb === 'create')
  if (!wasCutOff || !reconciler.leavesMark || reconciler.claim(desired, reading.value).mark) return subject
  return { ...subject, owned: undefined }
}

/** What is adopted keeps that origin in its mark, should it ever be restarted. */
function originOfNew(subject: Subject, stance: string): Subject['mark'] {
  return stance === 'adopted' ? { ...subject.mark, origin: 'adopted' } : subject.mark
}

function onStandby(assessment: Assessment, primaries: readonly ResourceId[]): Assessment {
  if (assessment.status !== 'Healthy') return assessment
  return { ...assessment, reason: 'StandingBy', message: `standing by for ${primaries.join(', ')}` }
}

function bareAssessment(status: Assessment['status'], reason: string, message: string): Assessment {
  return {
    status,
    reason,
    message,
    remedy: undefined,
    recheckAfter: undefined,
    measurements: {},
    children: [],
    remember: undefined,
  }
}

function unknownFinding(subject: Subject, code: string, message: string): Finding {
  return {
    ...subject,
    stance: 'unreadable',
    actions: [],
    assessment: bareAssessment('Unknown', code, message),
    holds: [],
    unknown: { code, message },
    ownership: subject.owned,
  }
}

function quietFinding(subject: Subject, stance: Finding['stance'], message: string): Finding {
  return {
    ...subject,
    stance,
    actions: [],
    assessment: bareAssessment('Missing', 'NotDeclared', message),
    holds: [],
    unknown: undefined,
    ownership: subject.owned,
  }
}
