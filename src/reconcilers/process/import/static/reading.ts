import type {
  Expression,
  ModuleDeclaration,
  Node,
  PrivateIdentifier,
  SpreadElement,
  Statement,
  Super,
} from 'acorn'
import type { ImportPlace } from '../../../../core/import.ts'
import type { Scope, Static } from './value.ts'

/** What stands where a value is expected. */
export type Evaluable = Expression | SpreadElement | Super | PrivateIdentifier

/** One file that is being read. */
export interface Reading {
  /** Absolute. */
  readonly file: string
  /** What `require` of another file gives; undefined: that could not be read. */
  readonly requireFile: (specifier: string) => Static | undefined
  readonly budget: Budget
  /** The value of an expression, for what it is made of. */
  readonly evaluate: (node: Evaluable, scope: Scope, reading: Reading) => Static
  /** Follows the statements of a function; gives what they return. */
  readonly run: (
    body: readonly (Statement | ModuleDeclaration)[],
    scope: Scope,
    reading: Reading,
  ) => Static | undefined
}

/** Where a node stands. */
export function placeOf(node: Node, { file }: Reading): ImportPlace {
  return { file, line: node.loc?.start.line }
}

/** What may still be done for all files of one import together, so that no file keeps us busy for ever. */
export interface Budget {
  steps: number
  /** How many calls deep it is now. */
  depth: number
}
