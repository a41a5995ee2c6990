/** What the daemon tells by itself. Hints to look again: events are lost, repeated, and not sent for every change. */
export type BusEvent =
  | {
      readonly type: 'process'
      /** PM2's word: `online`, `start`, `exit`, `restart overlimit`; `restart`, `stop`, ... where its command acted. */
      readonly event: string
      readonly pmId: number
      readonly name: string
      readonly status: string | undefined
    }
  | {
      readonly type: 'log'
      readonly stream: 'out' | 'err'
      readonly pmId: number
      readonly name: string
      /** Epoch milliseconds. */
      readonly at: number
      /** A piece of output as it came: it may hold several lines, or a part of one. */
      readonly text: string
    }
  /** The daemon is about to end. */
  | { readonly type: 'kill' }
