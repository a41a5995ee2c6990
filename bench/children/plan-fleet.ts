import { readFileSync } from 'node:fs'
import { draftPass } from '../../src/engine/pass.ts'
import { declare, model, modelledFleet } from '../../test/support/modelled-fleet.ts'

// `node plan-fleet.mjs N`: N things of the modelled domain that are as declared, and one plan over them. Prints what it
// took as JSON: milliseconds, and the most memory that this process ever had, in megabytes.

const count = Number(process.argv[2])
const names = Array.from({ length: count }, (_, index) => `m${index}`)
const fleet = modelledFleet()
fleet.outside.fill(names.map((name) => ({ name, program: `${name}.mjs`, fields: {} })))
const declaration = declare(names.map((name) => model(name, {}, { adopt: true })))
const request = { declaration, selection: undefined, allowedDeletions: undefined }
const from = performance.now()
const { plan } = await fleet.time.run(draftPass(fleet.world, request, new AbortController().signal))
const ms = performance.now() - from
if (plan.resources.length !== count) throw new Error(`Planned ${plan.resources.length} of ${count}`)
const most = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))
console.log(JSON.stringify({ ms, memory: Number(most?.[1] ?? Number.NaN) / 1024 }))
