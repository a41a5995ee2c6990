import { applyEdits, modify, type ParseError, parse } from 'jsonc-parser'
import { ReconcileError } from '../../core/errors.ts'
import { isFields } from '../../core/fields.ts'

/** Settings as editors keep them: JSON with comments, in which people write. Whatever is there stays as it is. */
export class Settings {
  #text: string
  readonly #name: string

  /** `name`: how the file is called in an error. Undefined text: there is none yet. */
  constructor(name: string, text: string | undefined) {
    this.#name = name
    this.#text = text === undefined || text.trim() === '' ? '{}\n' : text
    const errors: ParseError[] = []
    const value: unknown = parse(this.#text, errors, { allowTrailingComma: true })
    if (errors.length > 0 || !isFields(value)) throw this.#refusal('it is no JSON object')
  }

  get text(): string {
    return this.#text
  }

  /** Sets what is not set yet; what somebody set to something else is left to him. */
  setDefault(path: readonly string[], value: unknown): void {
    for (const length of path.keys()) {
      const above = this.#valueAt(path.slice(0, length))
      if (above !== undefined && !isFields(above)) {
        throw this.#refusal(`\`${path.slice(0, length).join('.')}\` is no object`)
      }
    }
    if (this.#valueAt(path) === undefined) this.#change([...path], value)
  }

  /** Adds to a list, which is made where there is none. */
  addTo(path: readonly string[], item: string): void {
    const list = this.#valueAt(path)
    if (list !== undefined && !Array.isArray(list)) {
      throw this.#refusal(`\`${path.join('.')}\` is no list`)
    }
    if (list === undefined) this.#change([...path], [item])
    else if (!list.includes(item)) this.#change([...path, 0], item)
  }

  #valueAt(path: readonly string[]): unknown {
    let value: unknown = parse(this.#text, [], { allowTrailingComma: true })
    for (const segment of path) value = isFields(value) ? value[segment] : undefined
    return value
  }

  #change(path: (string | number)[], value: unknown): void {
    const isTabbed = /^\t/m.test(this.#text)
    const indent = /^( +)\S/m.exec(this.#text)?.[1]?.length ?? 2
    const formattingOptions = {
      insertSpaces: !isTabbed,
      tabSize: isTabbed ? 1 : indent,
      eol: this.#text.includes('\r\n') ? '\r\n' : '\n',
    }
    // What is new comes first: behind the last value it would take that one's comment for its own.
    const options = {
      formattingOptions,
      isArrayInsertion: typeof path.at(-1) === 'number',
      getInsertionIndex: () => 0,
    }
    this.#text = applyEdits(this.#text, modify(this.#text, path, value, options))
  }

  #refusal(why: string): ReconcileError {
    return new ReconcileError('UsageInvalid', `Cannot add to ${this.#name}: ${why}. Nothing was written`, {
      hint: 'Correct it, or choose the editors with `--editor`.',
    })
  }
}
