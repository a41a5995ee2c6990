/** A change of one place in the source that a careless hand could make. */
export interface Patch {
  /** Relative to the project. */
  readonly file: string
  /** Occurs exactly once there. */
  readonly find: string
  readonly replace: string
}

/** A deliberate fault; several patches where guards back each other up, so that one alone is harmless. */
export interface Mutant {
  readonly name: string
  readonly patches: readonly Patch[]
}

function mutant(
  name: string,
  ...patches: readonly (readonly [file: string, find: string, replace: string])[]
): Mutant {
  return { name, patches: patches.map(([file, find, replace]) => ({ file, find, replace })) }
}

const guard = 'src/engine/guard.ts'
const claim = 'src/engine/claim.ts'
const examine = 'src/engine/examine.ts'
const execute = 'src/engine/execute.ts'
const record = 'src/engine/record.ts'
const recovery = 'src/engine/recovery.ts'
const pair = 'src/engine/pair.ts'
const observe = 'src/engine/observe.ts'
const standby = 'src/engine/standby.ts'

/** All that the simulation must catch. */
export const mutants: readonly Mutant[] = [
  mutant('a fleet that is down is started', [
    guard,
    '  if (!input.view.isDown) return undefined\n',
    '  if (input.now > 0) return undefined\n',
  ]),
  mutant('a fleet that is down is emptied', [
    guard,
    '  if (down) return [down]\n',
    '  if (!down && input.now < 0) return []\n',
  ]),
  mutant('a suspension is not heeded', [guard, '    holdOnSuspension(finding, input),\n', '']),
  mutant('what is only observed is acted on', [
    guard,
    '    holdOnPolicy(resource),\n    holdOnBlock(finding),\n    holdOnUnconfirmed',
    '    holdOnBlock(finding),\n    holdOnUnconfirmed',
  ]),
  mutant('dependants do not wait', [guard, '    holdOnDependencies(resource, byId, input),\n', '']),
  mutant('windows are not heeded', [guard, '    holdOnWindows(resource, input.now),\n', '']),
  mutant('attempts and their pace are not heeded', [
    guard,
    '    holdOnRecovery(finding, resource, input.now),\n',
    '',
  ]),
  mutant('attempts are unlimited', [
    guard,
    'recovery.attempts >= maxAttempts',
    'recovery.attempts >= maxAttempts + 100',
  ]),
  mutant('one attempt too many', [
    guard,
    'recovery.attempts >= maxAttempts',
    'recovery.attempts > maxAttempts',
  ]),
  mutant('attempts follow at once', [
    guard,
    'const until = endOfWait(recovery.nextAttemptAt, now, backoff.max)',
    'const until = endOfWait(undefined, now, backoff.max)',
  ]),
  mutant('a failed action follows at once', [
    guard,
    "lastOutcome === 'failed' || lastOutcome === 'unknown' || finding.unconfirmed.length > 0",
    'lastOutcome === undefined && finding.unconfirmed.length > 0',
  ]),
  mutant('a rival is fought without a pause', [
    guard,
    '  if (next <= now) return undefined\n',
    '  if (now > 0) return undefined\n',
  ]),
  mutant('half-read manifests delete', [guard, '  if (!input.isComplete) {', '  if (input.now < 0) {']),
  mutant('no manifest at all deletes', [
    guard,
    '!input.isAnythingDeclared && input.allowedDeletions === undefined',
    'input.now < 0',
  ]),
  mutant('a failed deletion follows at once', [
    guard,
    "return until === undefined ? [] : [{ reason: 'BackOff', message: 'deleting failed before', until }]",
    "return until !== undefined || input.now > 0 ? [] : [{ reason: 'BackOff', message: '', until }]",
  ]),
  mutant('no limit of deletions', [
    guard,
    '  const limited = holdDeletions(all, input)\n',
    '  const limited = input.now > 0 ? all : holdDeletions(all, input)\n',
  ]),
  mutant('no limit by count', [
    guard,
    '  if (count <= max && !isOverShare) return findings\n',
    '  if (!isOverShare) return findings\n',
  ]),
  mutant('no limit by share', [
    guard,
    'count >= 3 && share > percent',
    'count >= 3 && share > percent + 1000',
  ]),
  mutant(
    'a dependency need not be healthy',
    [
      guard,
      "  if (finding) return finding.assessment.status === 'Healthy' && finding.actions.length === 0\n",
      '  if (finding) return true\n',
    ],
    [
      guard,
      "state !== undefined && state.status.health === 'Healthy' && state.status.sync === 'Synced'",
      'state !== undefined',
    ],
  ),
  mutant('a dependency that was never seen is ready', [
    guard,
    "return state !== undefined && state.status.health === 'Healthy' && state.status.sync === 'Synced'",
    'return state === undefined || state.status.health !== undefined',
  ]),
  mutant("a rival's mark is not seen on what is declared", [
    claim,
    "  const rival = rivalOf(claim, subject.mark)\n  if (rival) return { stance: 'conflict', message: rival }\n  if (owned)",
    '  if (owned)',
  ]),
  mutant("a rival's mark is not seen on what is to go", [
    claim,
    "  const rival = rivalOf(claim, subject.mark)\n  if (rival) return { stance: 'conflict', message: rival }\n  const policy",
    '  const policy',
  ]),
  mutant('whatever has the name is adopted', [
    claim,
    'if (claim.matches || desired.controls.adopt)',
    'if (claim)',
  ]),
  mutant('what is to be left is deleted', [
    claim,
    "  if (policy === 'Orphan') {\n",
    '  if (policy === undefined) {\n',
  ]),
  mutant('what has the name now is deleted for what we made', [
    claim,
    "reconciler.leavesMark && owned.origin === 'created' && !claim.mark",
    "reconciler.leavesMark && owned.origin === 'created' && claim === undefined",
  ]),
  mutant('unread is absent', [
    observe,
    "      type: 'unreadable',\n      code,\n      message: messageOf(error),\n      isDomainWide: true,\n",
    "      type: 'absent',\n",
  ]),
  mutant(
    'an unreadable thing is judged',
    [
      examine,
      "  if (reading.type === 'unreadable') return unknownFinding(subject, reading.code, reading.message)\n",
      '',
    ],
    [
      claim,
      "  if (reading.type === 'unreadable') return { stance: 'unreadable', message: reading.message }\n",
      "  if (reading.type === 'unreadable') return { stance: 'absent', message: '' }\n",
    ],
  ),
  mutant('a refused create makes whatever stands there ours', [
    record,
    '  return isRefused && reconcilerOf',
    '  return !isRefused && reconcilerOf',
  ]),
  mutant('a standby is started', [
    examine,
    '(subject.standsBehind.length > 0 && subject.activeFor.length === 0)',
    '(subject.standsBehind.length > 0 && subject.activeFor.length < 0)',
  ]),
  mutant('a fallback never stands down', [
    standby,
    '      if (isStable(primary, state, now)) return false\n',
    '',
  ]),
  mutant('a deletion rests on an old list', [
    execute,
    '(decided ?? (await readAgain(world, finding, signal)))',
    '(decided ?? finding.actions)',
  ]),
  mutant('no intent is written', [
    execute,
    '      intentEntry(world, finding, { action, intentId, begunAt }),\n',
    '',
  ]),
  mutant('no owner is written before a create', [execute, '      ...ownershipBefore(world, finding),\n', '']),
  mutant('what we set before is forgotten in a crash', [
    execute,
    'fields: { ...before?.fields, ...reconcilerOf',
    'fields: { ...reconcilerOf',
  ]),
  mutant('a lost answer is a failure', [execute, " || isErrorOf(error, 'OutcomeUnknown')", '']),
  mutant('a deadline is a failure', [
    execute,
    "isErrorOf(error, 'OutcomeUnknown') || isErrorOf(error, 'OperationTimedOut')",
    "isErrorOf(error, 'OutcomeUnknown')",
  ]),
  mutant('a move deletes', [pair, '    for (const old of olds) takenFrom.add(old.id)\n', '']),
  mutant('a moment of health forgets the attempts', [
    recovery,
    'attempts: isStable ? 0 : before.attempts',
    'attempts: isHealthy ? 0 : before.attempts',
  ]),
  mutant('a resume is heard again each time the vendor puts it off', [
    recovery,
    '      lastAttemptAt: outcome.begunAt,\n      // It never shortens',
    '      // It never shortens',
  ]),
  mutant('a resume is not heard after the clock was set back', [
    recovery,
    '  if (!state || lastTry <= now) return state\n',
    '  if (!state || lastTry <= now || now > 0) return state\n',
  ]),
]
