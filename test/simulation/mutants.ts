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
const dependency = 'src/engine/dependency.ts'
const attemptPace = 'src/engine/attempt-pace.ts'
const removal = 'src/engine/removal.ts'
const deletionLimit = 'src/engine/deletion-limit.ts'
const claim = 'src/engine/claim.ts'
const examine = 'src/engine/examine.ts'
const execute = 'src/engine/execute.ts'
const record = 'src/engine/record.ts'
const recovery = 'src/engine/recovery.ts'
const pair = 'src/engine/pair.ts'
const observe = 'src/engine/observe.ts'
const standby = 'src/engine/standby.ts'
const lease = 'src/state/lease.ts'
const ledger = 'src/state/ledger.ts'
const heldStore = 'src/state/held-store.ts'
const queue = 'src/engine/queue.ts'
const retryPace = 'src/engine/retry-pace.ts'
const readingPace = 'src/engine/reading-pace.ts'
const backoff = 'src/engine/backoff.ts'
const controller = 'src/engine/controller.ts'
const lane = 'src/engine/lane.ts'
const settle = 'src/engine/settle.ts'
const schedule = 'src/engine/schedule.ts'
const listener = 'src/engine/domain-listener.ts'
const deadline = 'src/engine/deadline.ts'
const confirm = 'src/engine/confirm.ts'
const outage = 'src/engine/outage.ts'
const suspension = 'src/engine/suspension.ts'
const windows = 'src/engine/windows.ts'
const passService = 'src/cli/pass/pass-service.ts'
const strays = 'src/engine/strays.ts'

/** All that the simulation must catch. */
export const mutants: readonly Mutant[] = [
  mutant('a fleet that is down is started', [
    guard,
    '  if (!input.view.isDown) return undefined\n',
    '  if (input.now > 0) return undefined\n',
  ]),
  mutant('a fleet that is down is emptied', [
    guard,
    '...(down ? [down] : holdsOnRemoval(finding, input)),',
    '...(down && input.now < 0 ? [down] : holdsOnRemoval(finding, input)),',
  ]),
  mutant('a suspension is not heeded', [guard, '    holdOnSuspension(finding, input),\n', '']),
  mutant('what is only observed is acted on', [
    guard,
    '    holdOnManagement(resource),\n    ...holdsOnDenial',
    '    ...holdsOnDenial',
  ]),
  mutant('dependants do not wait', [guard, '    holdOnDependencies(resource, byId, input),\n', '']),
  mutant('windows are not heeded', [guard, '    holdOnWindows(resource, input.now),\n', '']),
  mutant('attempts and their pace are not heeded', [
    guard,
    '    holdOnRecovery(finding, resource, input.now),\n',
    '',
  ]),
  mutant('attempts are unlimited', [
    attemptPace,
    'recovery.attempts >= maxAttempts',
    'recovery.attempts >= maxAttempts + 100',
  ]),
  mutant('one attempt too many', [
    attemptPace,
    'recovery.attempts >= maxAttempts',
    'recovery.attempts > maxAttempts',
  ]),
  mutant('attempts follow at once', [
    attemptPace,
    'const until = endOfWait(recovery.nextAttemptAt, now, backoff.max)',
    'const until = endOfWait(undefined, now, backoff.max)',
  ]),
  mutant('a failed action follows at once', [
    attemptPace,
    'hasLastFailed || finding.unconfirmed.length > 0',
    'last === undefined && finding.unconfirmed.length > 0',
  ]),
  mutant('a rival is fought without a pause', [
    attemptPace,
    '  if (next <= now) return undefined\n',
    '  if (now > 0) return undefined\n',
  ]),
  mutant('half-read manifests delete', [removal, '  if (!input.isComplete) {', '  if (input.now < 0) {']),
  mutant('no manifest at all deletes', [
    removal,
    '!input.isAnythingDeclared && input.allowedDeletions === undefined',
    'input.now < 0',
  ]),
  mutant('a failed deletion follows at once', [
    removal,
    "return until === undefined ? [] : [{ reason: 'BackOff', message: 'deleting failed before', until }]",
    "return until !== undefined || input.now > 0 ? [] : [{ reason: 'BackOff', message: '', until }]",
  ]),
  mutant('no limit of deletions', [
    guard,
    '  const limited = holdDeletions(all, input)\n',
    '  const limited = input.now > 0 ? all : holdDeletions(all, input)\n',
  ]),
  mutant('no limit by count', [
    deletionLimit,
    '  if (count <= max && !isOverShare) return findings\n',
    '  if (!isOverShare) return findings\n',
  ]),
  mutant('no limit by share', [
    deletionLimit,
    'count >= 3 && share > percent',
    'count >= 3 && share > percent + 1000',
  ]),
  mutant(
    'a dependency need not be healthy',
    [
      dependency,
      "  if (finding) return finding.assessment.status === 'Healthy' && finding.actions.length === 0\n",
      '  if (finding) return true\n',
    ],
    [
      dependency,
      "state !== undefined && state.status.health === 'Healthy' && state.status.sync === 'Synced'",
      'state !== undefined',
    ],
  ),
  mutant('a dependency that was never seen is ready', [
    dependency,
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
  mutant('what is declared again during the last reading is deleted', [
    execute,
    'if (!actions || !isDue())',
    'if (!actions)',
  ]),
  mutant('no intent is written', [
    execute,
    '      intentEntry(world, finding, { action, intentId, begunAt }),\n',
    '',
  ]),
  mutant('no owner is written before a create', [
    execute,
    '      ...ownershipBefore(world, finding, { begunAt, tried }),\n',
    '',
  ]),
  mutant('what we set before is forgotten in a crash', [
    execute,
    'fields: { ...before?.fields, ...ownedFields',
    'fields: { ...ownedFields',
  ]),
  mutant('a lost answer is a failure', [execute, " || isErrorOf(error, 'OutcomeUnknown')", '']),
  mutant('a deadline is a failure', [
    execute,
    "isErrorOf(error, 'OutcomeUnknown') || isErrorOf(error, 'OperationTimedOut')",
    "isErrorOf(error, 'OutcomeUnknown')",
  ]),
  mutant(
    'what may have been made is made again after a move',
    [
      pair,
      'Map.groupBy(openIntents, ({ id, externalName }) => placeOf(kindOf(id), externalName))',
      'Map.groupBy(openIntents, ({ id }) => String(id))',
    ],
    [pair, 'open.get(placeOf(kindOf(id), externalName)) ?? []', 'open.get(id) ?? []'],
  ),
  mutant('a move deletes', [pair, '    for (const old of olds) takenFrom.add(old.id)\n', '']),
  mutant('a moment of health forgets the attempts', [
    recovery,
    'attempts: isStable ? 0 : before.attempts',
    'attempts: isHealthy ? 0 : before.attempts',
  ]),
  mutant('what the vendor puts off is asked for again at once', [
    recovery,
    '        now + backoffAfter(deferrals, policy.backoff, chance),\n',
    '        now,\n',
  ]),
  mutant("a lease's own clock never ends it", [
    lease,
    '    return this.#sentAt + ttl * (1 - marginShare) - clock.monotonic()\n',
    '    return this.#sentAt + ttl * (1 - marginShare) - clock.monotonic() + 3_600_000\n',
  ]),
  mutant('the lease is taken from a living holder', [
    lease,
    'return unchangedFor >= Math.max(ttl, record.ttl) ||',
    'return unchangedFor >= 0 ||',
  ]),
  mutant('the lease is taken after half of its time', [
    lease,
    'return unchangedFor >= Math.max(ttl, record.ttl) ||',
    'return unchangedFor >= Math.max(ttl, record.ttl) / 2 ||',
  ]),
  mutant('writes do not carry the lease', [
    ledger,
    'await known.commit(await draft.writes(), [guard])',
    'await known.commit(await draft.writes(), [])',
  ]),
  mutant('what people say is read once', [
    heldStore,
    '    if (revision === seenRevision) return\n',
    '    if (revision === seenRevision || seenRevision !== undefined) return\n',
  ]),
  mutant('what was written is not remembered', [
    heldStore,
    '      else rows?.put(write.key, write.value, revision)\n',
    '',
  ]),
  mutant('an add during work is lost', [
    queue,
    'if (this.#working.has(key)) this.#again.add(key)\n',
    'if (this.#working.has(key)) return\n',
  ]),
  mutant('a key is handed out while it is worked on', [
    queue,
    '    for (const key of keys) this.#working.add(key)\n',
    '',
  ]),
  mutant('a queue that is closed keeps its worker', [
    queue,
    '    for (const wake of this.#takers.splice(0)) wake()\n',
    '',
  ]),
  mutant(
    'what cannot be read is tried again without a back-off',
    [queue, 'retryInitial * 2 ** failures', 'retryInitial * 1 ** failures'],
    [retryPace, 'return Math.max(0, this.#spentUntil - now)', 'return Math.min(0, this.#spentUntil - now)'],
  ),
  mutant('a key that fails is tried again without a back-off', [
    queue,
    'retryInitial * 2 ** failures',
    'retryInitial * 1 ** failures',
  ]),
  mutant('the back-off does not grow', [
    backoff,
    'policy.initial * policy.factor ** Math.max(0, attempt - 1)',
    'policy.initial * policy.factor ** Math.min(0, attempt - 1)',
  ]),
  mutant('a rival who stays is fought no slower', [
    backoff,
    'recent.length - freeCorrections + 1, policy, 0',
    'Math.min(1, recent.length), policy, 0',
  ]),
  mutant('a domain that is out is read without a pause', [
    readingPace,
    '    if (this.#failures === 0) return\n',
    '    if (this.#failures >= 0) return\n',
  ]),
  mutant('what changes in a manifest wakes nobody', [
    controller,
    '    for (const id of changed) this.#heed(id)\n',
    '',
  ]),
  mutant('what a domain tells wakes nobody', [
    listener,
    'connection.watch?.((id: ResourceId) => this.#wake(id))',
    'connection.watch?.(() => undefined)',
  ]),
  mutant(
    'what fails in a pass keeps the others from being tried',
    [
      execute,
      '        return await executeOne(world, finding, options, signal)\n',
      `        const done = await executeOne(world, finding, options, signal)
        isBroken ||= done.some(({ result }) => result === 'failed')
        return done
`,
    ],
    [execute, '      if (failure) return []\n', '      if (failure || isBroken) return []\n'],
    [execute, '  let failure: {', '  let isBroken = false\n  let failure: {'],
  ),
  mutant('a stop waits for what is under way', [
    deadline,
    "  options.signal.addEventListener('abort', forward, { once: true })\n",
    '',
  ]),
  mutant('what seems gone in an old list is forgotten', [
    confirm,
    ": mayForget && (finding.stance === 'absent' || finding.stance === 'released')",
    ": mayForget && finding.stance === 'unreadable'",
  ]),
  mutant('what seems to be ours again in an old list is taken back', [
    confirm,
    "finding.stance === 'taken-back' || forgetsFields(world, finding)",
    'forgetsFields(world, finding)',
  ]),
  mutant('a field that is not yet there in an old list is forgotten', [
    confirm,
    "finding.stance === 'taken-back' || forgetsFields(world, finding)",
    "finding.stance === 'taken-back'",
  ]),
  mutant('a correction that was cut off by a kill is none', [
    recovery,
    "  if (verb !== 'create' && verb !== 'update') return false\n",
    "  if (verb === 'create' || verb === 'update') return false\n",
  ]),
  mutant('what a pass did is told without having been looked at', [
    settle,
    'const isConfirmed = isLook || (request.wait ? !hasActed : result.outcomes.length === 0)',
    'const isConfirmed = isLook || hasActed || result.outcomes.length === 0',
  ]),
  mutant('a pass waits for health beyond its time', [
    settle,
    'const left = end - world.clock.monotonic()',
    'const left = end - world.clock.monotonic() + 3_600_000',
  ]),
  mutant('nothing is read again by itself', [
    schedule,
    'interval - (context.sinceFirstBeat % interval)',
    '3_600_000 + interval',
  ]),
  mutant('an attempt that was cut off by a kill is none', [
    recovery,
    '  if (unwritten.length === 0) return recovery\n',
    '  if (unwritten.length >= 0) return recovery\n',
  ]),
  mutant('corrections are not counted', [
    recovery,
    'corrections: [...state.corrections, now].slice(-keptCorrections)',
    'corrections: state.corrections',
  ]),
  mutant('a resume is heard at every reading', [
    recovery,
    'resumedAt !== undefined && resumedAt !== before?.heardResumeAt',
    'resumedAt !== undefined',
  ]),
  mutant('a deletion that failed is not counted', [
    recovery,
    "if (outcomes.every(({ result }) => result === 'superseded')) return state",
    'if (outcomes.length >= 0) return state',
  ]),
  mutant('what a resource was goes although what it is now may not come', [
    removal,
    'const isComing = !input.isBusy(successor.id) && isInPlace(byId.get(successor.id))',
    'const isComing = !input.isBusy(successor.id)',
  ]),
  mutant(
    'what a resource was goes although what it is now did not come',
    [
      execute,
      'going.filter(({ successor }) => !successor || !absent.has(successor.id))',
      'going.filter(({ successor }) => !successor || absent.size >= 0)',
    ],
    [
      lane,
      'successor !== undefined && dueIds.has(successor.id)',
      'successor !== undefined && dueIds.size < 0',
    ],
  ),
  mutant('the limit of deletions counts only what goes at this moment', [
    deletionLimit,
    'const count = here + unread + later + coming + input.otherRemovals',
    'const count = here',
  ]),
  mutant('a lease is relied on to its last moment', [
    lease,
    'this.#sentAt + ttl * (1 - marginShare) - clock.monotonic()',
    'this.#sentAt + ttl - clock.monotonic()',
  ]),
  mutant('an outage is told at every reading', [
    outage,
    "if (reading?.type === 'unreadable' && !isTold)",
    "if (reading?.type === 'unreadable')",
  ]),
  mutant('an outage is never told', [
    outage,
    "if (reading?.type === 'unreadable' && !isTold)",
    "if (reading?.type === 'unreadable' && isTold)",
  ]),
  mutant('the end of an outage is never told', [
    outage,
    'if (!isTold || own.some(isOut)) return []',
    'if (own.length >= 0) return []',
  ]),
  mutant('what was told of a domain is not remembered', [
    outage,
    "    { type: 'domain', kind, isUnreadable },\n",
    '',
  ]),
  mutant('a fallback stands down at the first sign of health', [
    standby,
    'now - since >= primary.controls.recovery.stableFor',
    'now - since >= 0',
  ]),
  mutant('the last fallback comes first', [
    standby,
    'return isInNeed(primary, state, now) && comesNext(fallback, primary, states)',
    'return isInNeed(primary, state, now)',
  ]),
  mutant('a suspension never ends', [
    suspension,
    'suspension.until === undefined || suspension.until > now',
    'suspension.until === undefined || now > 0',
  ]),
  mutant('a window that denies does not win', [
    windows,
    '    if (end !== undefined) return { isOpen: false, until: end }\n',
    '    if (end === now) return { isOpen: false, until: end }\n',
  ]),
  mutant('windows that allow do not close', [
    windows,
    '  if (allowing.length === 0) return',
    '  if (allowing.length >= 0) return',
  ]),
  mutant('an allowance allows any number of deletions', [
    deletionLimit,
    'count <= (input.allowedDeletions ?? 0)',
    'input.allowedDeletions !== undefined',
  ]),
  mutant('a pass of another program is made', [
    passService,
    '    if (differs.length > 0) {\n',
    '    if (differs.length > 9) {\n',
  ]),
  mutant('what people say by command wakes nobody', [
    passService,
    "    if (word !== this.#word && this.#word !== '') controller.wake()\n",
    '',
  ]),
  mutant('who waited in an ordered pass is not looked at again', [
    controller,
    'for (const id of noteResult(orders, result, this.#world.clock.now())) this.#add(id)',
    'noteResult(orders, result, this.#world.clock.now())',
  ]),
  mutant(
    'what may have been dispatched is dispatched again',
    [guard, '    holdOnUnconfirmed(finding),\n', ''],
    [
      'test/support/modelled-dispatch.ts',
      'const isOpen = pair.unconfirmed.some((intent) => !isAnswered(intent, observed))',
      'const isOpen = pair.unconfirmed.some((intent) => intent.at < 0 && !isAnswered(intent, observed))',
    ],
  ),
  mutant('what was deleted and is still listed is deleted again at once', [
    recovery,
    "  if (outcomes.every(({ result }) => result === 'superseded')) return state\n",
    "  if (outcomes.every(({ result }) => result === 'superseded' || result === 'succeeded')) return state\n",
  ]),
  mutant('what came back is not told of', [
    strays,
    '  return goneAt !== undefined && (goneAt > now || now - goneAt > listedLate)\n',
    '  return goneAt !== undefined && goneAt < 0 && now > listedLate\n',
  ]),
  mutant('what was left on purpose is told of', [
    record,
    "  const isToGo = (row.deletionPolicy ?? deletionDefault[row.origin]) === 'Delete'\n",
    '  const isToGo = (row.deletionPolicy ?? deletionDefault[row.origin]) !== undefined\n',
  ]),
  mutant('a row that is withdrawn is not remembered', [
    record,
    "  return [{ type: 'disown', id }, ...recordOfRowless(world, row, now)]\n",
    "  return row.id === id ? [{ type: 'disown', id }] : []\n",
  ]),
  mutant('every pass is news', [
    record,
    "if (told !== status.health && status.reason !== 'Acted' && !isOut && !isOnlyRefused)",
    "if (status.reason !== 'Acted' && !isOut && !isOnlyRefused)",
  ]),
  mutant(
    'neither a write nor the keeping of a lease asks its own clock',
    [lease, '    if (this.#remaining() <= 0) this.#loseByTime()\n', ''],
    [lease, '      if (this.#remaining() <= 0) return this.#loseByTime()\n', ''],
  ),
]
