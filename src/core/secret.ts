const inspect = Symbol.for('nodejs.util.inspect.custom')

/**
 * A value that came from a reference (`fromEnv`, `fromFile`, `fromCommand`, a value that SOPS encrypted). It prints `***` wherever it is
 * printed by accident; only `reveal()`, called at the edge, gives the text.
 */
export class Secret {
  readonly #text: string | undefined
  /** A keyed hash of the value, comparable within one store; undefined where the value was not read. */
  readonly digest: string | undefined
  /** Where it comes from, such as `fromEnv API_KEY`: safe to print. */
  readonly source: string

  private constructor(source: string, text: string | undefined, digest: string | undefined) {
    this.source = source
    this.#text = text
    this.digest = digest
    Object.freeze(this)
  }

  static read(source: string, text: string, digest: string): Secret {
    return new Secret(source, text, digest)
  }

  /** A value that was not read on purpose: a dry run runs no command. */
  static unread(source: string): Secret {
    return new Secret(source, undefined, undefined)
  }

  get isRead(): boolean {
    return this.#text !== undefined
  }

  /** The text itself. Call it only where it leaves the program; throws where it was not read. */
  reveal(): string {
    if (this.#text === undefined) throw new TypeError(`The value of ${this.source} was not read`)
    return this.#text
  }

  toString(): string {
    return '***'
  }

  toJSON(): string {
    return '***'
  }

  [inspect](): string {
    return '***'
  }
}

/** A reference as a manifest writes it. */
export type Reference =
  | { readonly fromEnv: string; readonly default?: string }
  | { readonly fromFile: string; readonly default?: string }
  | { readonly fromCommand: readonly string[]; readonly default?: string }
  /** What stands in a manifest as `ENC[...]`; nobody writes it so. */
  | { readonly fromSops: EncryptedPlace; readonly default?: undefined }

/** Where a value lies in a file that SOPS encrypted. */
export interface EncryptedPlace {
  /** Absolute. */
  readonly file: string
  /** Which of the file's documents, from 0. */
  readonly document: number
  readonly path: readonly string[]
  /** Of the text of the file as it was read, encrypted. */
  readonly hash: string
}

/** The shape of a spec after every reference in it became a `Secret`. */
export type Resolved<T> = T extends
  | { fromEnv: string }
  | { fromFile: string }
  | { fromCommand: readonly unknown[] }
  | { fromSops: unknown }
  ? Secret
  : T extends readonly (infer Item)[]
    ? readonly Resolved<Item>[]
    : T extends object
      ? { readonly [Key in keyof T]: Resolved<T[Key]> }
      : T
