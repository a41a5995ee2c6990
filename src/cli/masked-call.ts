import { SecretMask } from '../core/secret-mask.ts'
import { sourceVariables, tokenVariables } from '../core/token-variables.ts'
import type { Invocation, Sink } from './invocation.ts'
import { isOwnWord } from './own-words.ts'

/** How the program was called, as its main module knows it: what is written to its sinks is shown as it is. */
export type Call = Omit<Invocation, 'mask'> & { readonly mask?: SecretMask }

/** The same with sinks that show no secret, whatever a verb, a library or the command line's own words write to them. */
export function withoutSecrets(call: Call): Invocation {
  const { mask = new SecretMask({ isOwnWord }), ask } = call
  const names = [...Object.values(tokenVariables).flat(), ...Object.values(sourceVariables)]
  mask.hold(
    'the environment',
    names.map((name) => call.env[name] ?? ''),
  )
  mask.leave(call.cwd)
  return {
    ...call,
    mask,
    out: maskedSink(call.out, mask),
    err: maskedSink(call.err, mask),
    ask: ask && ((question) => ask(mask.mask(question))),
  }
}

function maskedSink(sink: Sink, mask: SecretMask): Sink {
  return {
    write: (text) => sink.write(mask.mask(text)),
    isTerminal: sink.isTerminal,
    get rows() {
      return sink.rows
    },
    get columns() {
      return sink.columns
    },
  }
}
