import { createCipheriv, createDecipheriv, createHmac, hkdfSync } from 'node:crypto'
import { ReconcileError } from '../core/errors.ts'
import type { RecordKey } from '../core/store.ts'

/** No text of a manifest has the character that ends it, so what an older version kept in clear is told apart. */
const head = 'sealed1\u0000'
const ivLength = 12
const tagLength = 16

/** Makes texts unreadable to whoever sees a part of the store, or its bytes go by, without its key. */
export interface Seal {
  /** The same text in the same place is sealed alike, so that it need not be written again. */
  close(key: RecordKey, text: string): string
  /** Rejects what was changed, or moved from another place, with `StoreCorrupt`. Gives what was never sealed as it is. */
  open(key: RecordKey, sealed: string): string
}

/** `secretKey` is the store's own; what is sealed is bound to its place by its record's key. */
export function openSeal(secretKey: string): Seal {
  const derive = (purpose: string) => Buffer.from(hkdfSync('sha256', secretKey, '', purpose, 32))
  // For the first text that needs them: most runs of the program seal none and open none.
  let keys: { readonly key: Buffer; readonly ivKey: Buffer } | undefined
  const keysOf = () => {
    keys ??= { key: derive('reconciled seal'), ivKey: derive('reconciled seal iv') }
    return keys
  }
  const placeOf = ({ collection, key: name }: RecordKey) => Buffer.from(JSON.stringify([collection, name]))
  return {
    close(record, text) {
      const place = placeOf(record)
      const { key, ivKey } = keysOf()
      // Of all that is sealed by it, as in SIV modes: one that repeats says that the text does.
      const iv = createHmac('sha256', ivKey)
        .update(place)
        .update('\0')
        .update(text)
        .digest()
        .subarray(0, ivLength)
      const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(place)
      const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
      return head + Buffer.concat([iv, cipher.getAuthTag(), body]).toString('base64')
    },
    open(record, sealed) {
      if (!sealed.startsWith(head)) return sealed
      const bytes = Buffer.from(sealed.slice(head.length), 'base64')
      const [iv, tag] = [bytes.subarray(0, ivLength), bytes.subarray(ivLength, ivLength + tagLength)]
      try {
        const decipher = createDecipheriv('aes-256-gcm', keysOf().key, iv, { authTagLength: tagLength })
        decipher.setAAD(placeOf(record)).setAuthTag(tag)
        return decipher.update(bytes.subarray(ivLength + tagLength)).toString('utf8') + decipher.final('utf8')
      } catch (error) {
        throw new ReconcileError(
          'StoreCorrupt',
          `Cannot read the record ${record.collection} ${record.key} of the state: its seal is broken`,
          { cause: error },
        )
      }
    },
  }
}
