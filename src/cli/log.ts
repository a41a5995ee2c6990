import { Writable } from 'node:stream'
import { pino } from 'pino'
import pretty from 'pino-pretty'
import type { Logger } from '../core/logger.ts'
import type { Invocation } from './invocation.ts'
import type { CommonOptions } from './options.ts'

/** The log on standard error: readable on a terminal, one JSON object a line in a pipe. */
export function openLog(call: Invocation, common: CommonOptions, usual: 'info' | 'warn'): Logger {
  const level = common.verbose ? 'debug' : common.quiet ? 'error' : usual
  const options = { level, base: null, timestamp: () => `,"time":"${new Date().toISOString()}"` }
  const sink = { write: (line: string) => call.err.write(line) }
  if (!call.err.isTerminal)
    return pino({ ...options, formatters: { level: (label) => ({ level: label }) } }, sink)
  const destination = new Writable({
    write(chunk, _, done) {
      sink.write(String(chunk))
      done()
    },
  })
  const stream = pretty({ colorize: isColourful(call, common), translateTime: 'SYS:HH:MM:ss', destination })
  return pino({ ...options, timestamp: true }, stream)
}

/** Colours only on a terminal, and not where `NO_COLOR` or `--no-color` says so (https://no-color.org). */
export function isColourful(
  call: Invocation,
  common: Pick<CommonOptions, 'color'>,
  sink = call.err,
): boolean {
  return common.color && sink.isTerminal && (call.env.NO_COLOR ?? '') === ''
}
