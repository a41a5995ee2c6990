import { type Decoder, number, object, oneOf, text } from './codec.ts'

const roles = ['pass', 'controller'] as const

/** The process that holds a lease, so exactly that a later one with its pid is not taken for it. */
export interface Holder {
  readonly pid: number
  /** When the process started, in whatever unit the machine gives; compared for equality only. */
  readonly startTime: string
  /** Changes with every start of the machine. */
  readonly bootId: string
  /** The machine, and the pid namespace in it: the same only for processes whose pids can be compared. */
  readonly host: string
  /** `controller`: it can be asked for a pass. `pass`: it ends by itself. */
  readonly role: (typeof roles)[number]
  /** Epoch milliseconds, for people. */
  readonly since: number
}

export const holder: Decoder<Holder> = object<Holder>({
  pid: number,
  startTime: text,
  bootId: text,
  host: text,
  role: oneOf(roles),
  since: number,
})

/** `unknown`: it lives on another machine, or this one does not say. */
export type Liveness = 'alive' | 'dead' | 'unknown'

/** What a machine knows of its processes. */
export interface MachineFacts {
  readonly host: string
  readonly bootId: string
  /** Undefined: no such process. */
  readonly startTimeOf: (pid: number) => string | undefined
}

/** Whether a holder provably lives or is provably gone, by the facts of this machine. */
export function judgeLiveness(asked: Holder, machine: MachineFacts): Liveness {
  if (asked.host !== machine.host) return 'unknown'
  if (asked.bootId !== machine.bootId) return 'dead'
  return machine.startTimeOf(asked.pid) === asked.startTime ? 'alive' : 'dead'
}
