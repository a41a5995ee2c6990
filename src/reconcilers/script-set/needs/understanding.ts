import type { Call, KnownWord, ShellText } from '../shell/call.ts'
import type { FileNeed, Need, ScriptNeed, ScriptPlace } from './need.ts'

/** A command that another one runs. */
export interface HandedCall extends Call {
  /** The program itself is seen to by who hands it on: only what it does with its words is asked. */
  readonly isProvided?: boolean
}

/** What one command needs, and what it runs in turn. */
export interface Understanding {
  readonly needs: readonly Need[]
  /** Commands that it hands its words to, such as `cross-env A=1 node x`. */
  readonly calls: readonly HandedCall[]
  /** Texts that it hands to a shell. */
  readonly sources: readonly ShellText[]
}

/** What is known of one program: how its words are to be read. */
export type Rule = (call: Call) => Understanding

/** Nothing that could be looked for. */
export const nothing: Understanding = Object.freeze({ needs: [], calls: [], sources: [] })

/** These things are needed, and nothing else is run. */
export function needing(needs: readonly Need[]): Understanding {
  return { ...nothing, needs }
}

/** The words from a position on as a command of their own. */
export function handOn(call: Call, from: number | undefined): Understanding {
  if (from === undefined) return nothing
  const name = call.args[from]
  if (name === undefined) return nothing
  const written = call.written.slice(from + 1)
  const text = [name, ...written].join(' ')
  const { folder, assured } = call
  return { ...nothing, calls: [{ name, args: call.args.slice(from + 1), written, text, folder, assured }] }
}

/** Texts for a shell. What is only known when it runs is left out. */
export function handSources(
  call: Call,
  texts: readonly KnownWord[],
  shell: Pick<ShellText, 'shell' | 'hasPipefail'> = {},
): Understanding {
  const { folder, assured } = call
  if (folder === undefined) return nothing
  return {
    ...nothing,
    sources: texts.flatMap((text) => (text === undefined ? [] : [{ text, folder, assured, ...shell }])),
  }
}

/** All of them together. */
export function both(...all: readonly Understanding[]): Understanding {
  return {
    needs: all.flatMap(({ needs }) => needs),
    calls: all.flatMap(({ calls }) => calls),
    sources: all.flatMap(({ sources }) => sources),
  }
}

/** A file that a command reads or runs, relative to where it runs. */
export function fileNeed(call: Call, path: string, how: FileNeed['how'], by: string): Need {
  return { type: 'file', path, folder: call.folder ?? '.', how, by }
}

/** The package in whose folder a command runs; undefined: only known when it runs. */
export function here(call: Call): ScriptPlace | undefined {
  return call.folder === undefined ? undefined : { type: 'folder', folder: call.folder }
}

/** A script that a command runs. */
export function scriptNeed(
  place: ScriptPlace | undefined,
  name: string,
  rest: Partial<ScriptNeed> = {},
): Need {
  return {
    type: 'script',
    name,
    isPattern: false,
    isOptional: place === undefined,
    hooksOf: 'npm',
    place: place ?? { type: 'folder', folder: '.' },
    ...rest,
  }
}
