import { type Command, InvalidArgumentError, Option } from 'commander'
import { parseDuration } from '../core/duration.ts'

export type OutputFormat = 'text' | 'json' | 'yaml' | 'markdown' | 'html'

/** The options that every verb has, as commander gives them. */
export interface CommonOptions {
  readonly file: readonly string[]
  readonly env: string | undefined
  readonly only: readonly string[]
  readonly label: readonly string[]
  readonly output: OutputFormat
  readonly state: string | undefined
  readonly color: boolean
  readonly quiet: boolean
  readonly verbose: boolean
  readonly runCommands: boolean
  readonly allowHost: readonly string[]
  readonly allowPath: readonly string[]
}

/**
 * Gives a verb the common options; `formats` are those that it can print. Where `-f` means something else, the
 * manifests are named by `--file` alone.
 */
export function withCommonOptions(
  command: Command,
  formats: readonly OutputFormat[],
  options: { readonly fileFlag?: '-f, --file' | '--file' } = {},
): Command {
  return command
    .option(`${options.fileFlag ?? '-f, --file'} <path...>`, 'manifests folder or files (default: manifests)')
    .option('--env <name>', 'environment to overlay; default: RECONCILE_ENV, else none')
    .option('--only <Kind/name...>', 'these resources only; nothing is pruned then')
    .option('-l, --label <label=value...>', 'resources with these labels only; nothing is pruned then')
    .addOption(
      new Option('-o, --output <format>', 'how the result is printed').choices(formats).default('text'),
    )
    .option(
      '--state <path>',
      'state file; default: RECONCILE_STATE, else .reconcile/state.db beside the manifests',
    )
    .option('--run-commands', 'run fromCommand references and exec probes in a dry run too')
    .option('--allow-host <host...>', 'hosts, besides the vendors, that credentials may go to')
    .option('--allow-path <path...>', 'folders outside the fleet root that may be read into actions')
    .option('--no-color', 'no colours; NO_COLOR in the environment does the same')
    .option('-q, --quiet', 'only the result and errors')
    .option('-v, --verbose', 'log what is done, in detail')
}

/** The parsed options of a verb, with nothing undefined that has a default. */
export function commonOptionsOf(command: Command): CommonOptions {
  const raw = command.opts<Partial<CommonOptions>>()
  return {
    file: raw.file ?? [],
    env: raw.env,
    only: raw.only ?? [],
    label: raw.label ?? [],
    output: raw.output ?? 'text',
    state: raw.state,
    color: raw.color ?? true,
    quiet: raw.quiet ?? false,
    verbose: raw.verbose ?? false,
    runCommands: raw.runCommands ?? false,
    allowHost: raw.allowHost ?? [],
    allowPath: raw.allowPath ?? [],
  }
}

/** For options that count things: a whole number from 0. */
export function parseCount(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('Expected a whole number from 0.')
  return Number(text)
}

/** An option that is a time, in milliseconds, and has one without being given, shown as it would be typed. */
export function durationOption(flags: string, description: string, standard: string): Option {
  return new Option(flags, description).argParser(parseTimeout).default(parseTimeout(standard), standard)
}

/** For options that are times: milliseconds. */
export function parseTimeout(text: string): number {
  const duration = parseDuration(text)
  if (duration === undefined) throw new InvalidArgumentError('Expected a duration such as 30s, 5m or 1h30m.')
  return duration
}
