/** What each of them took, round by round. */
export type Taken<Player extends string> = Readonly<Record<Player, readonly number[]>>

export interface Game<Player extends string> {
  readonly rounds: number
  /** Rounds before that are not counted. Default: 1. */
  readonly warmUps?: number
  /** Before each round. */
  readonly prepare?: (round: number) => Promise<void>
  /** Before each turn: who comes second is not to meet what the first one left running. */
  readonly rest?: () => Promise<void>
  /** Each resolves with what it measured. */
  readonly players: Readonly<Record<Player, (round: number) => Promise<number>>>
}

/** Measures them one after the other, each first in turn, so that whatever else the machine does hits all alike. */
export async function inTurn<Player extends string>(game: Game<Player>): Promise<Taken<Player>> {
  const names = Object.keys(game.players) as Player[]
  const taken = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<Player, number[]>
  const warmUps = game.warmUps ?? 1
  for (let round = -warmUps; round < game.rounds; round += 1) {
    await game.prepare?.(round)
    for (const turn of names.keys()) {
      const name = names[(round + warmUps + turn) % names.length]
      if (name === undefined) continue
      await game.rest?.()
      const value = await game.players[name](round)
      if (round >= 0) taken[name].push(value)
    }
  }
  return taken
}

/** Milliseconds that it took. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const from = performance.now()
  await work()
  return performance.now() - from
}
