import { check } from './cases/check.ts'
import { functions } from './cases/functions.ts'
import { idle } from './cases/idle.ts'
import { passes } from './cases/passes.ts'
import { planSize } from './cases/plan-size.ts'
import { queue } from './cases/queue.ts'
import { repair } from './cases/repair.ts'
import { saveToEffect } from './cases/save-to-effect.ts'
import { scripts } from './cases/scripts.ts'
import { workflows } from './cases/workflows.ts'
import type { Bench } from './lib/figure.ts'

/** All that is measured, the quick ones first. */
export const benches: readonly Bench[] = [
  check,
  planSize,
  queue,
  scripts,
  workflows,
  saveToEffect,
  passes,
  repair,
  functions,
  idle,
]
