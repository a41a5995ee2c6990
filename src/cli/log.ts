import { Writable } from 'node:stream'
import { pino } from 'pino'
import pretty from 'pino-pretty'
import type { Logger } from '../core/logger.ts'
import { ansi } from '../reports/style.ts'
import type { Invocation } from './invocation.ts'
import type { CommonOptions } from './options.ts'
import { pageOf } from './page.ts'

/** Whether the log is for people: on a terminal, unless JSON was asked for. */
export function isLogForPeople(call: Invocation, common: Pick<CommonOptions, 'output'>): boolean {
  return call.err.isTerminal && common.output !== 'json'
}

/** The log on standard error: readable on a terminal, one JSON object a line in a pipe or with `-o json`. */
export function openLog(call: Invocation, common: CommonOptions, usual: 'info' | 'warn'): Logger {
  const level = common.verbose ? 'debug' : common.quiet ? 'error' : usual
  const options = { level, base: null, timestamp: () => `,"time":"${new Date().toISOString()}"` }
  const sink = { write: (line: string) => call.err.write(line) }
  if (!isLogForPeople(call, common))
    return pino({ ...options, formatters: { level: (label) => ({ level: label }) } }, sink)
  const destination = new Writable({
    write(chunk, _, done) {
      sink.write(String(chunk))
      done()
    },
  })
  const stream = pretty({
    colorize: pageOf(call, common, call.err).style === ansi,
    translateTime: 'SYS:HH:MM:ss',
    singleLine: true,
    destination,
  })
  return pino({ ...options, timestamp: true }, stream)
}
