import { Command, CommanderError, InvalidArgumentError } from 'commander'
import { parseDuration } from '../core/duration.ts'
import { reportFailure } from './failure.ts'
import type { ExitStatus, Invocation } from './invocation.ts'
import { type CommonOptions, commonOptionsOf, parseCount, withCommonOptions } from './options.ts'

type Verb = (invocation: Invocation, common: CommonOptions, command: Command) => Promise<ExitStatus>

/** Two minutes to become healthy, unless `--timeout` says otherwise. */
const defaultTimeout = 120_000

/** Understands the command line and runs one verb. Each verb's code is loaded when it is called, and no other's. */
export async function runProgram(args: readonly string[], invocation: Invocation): Promise<ExitStatus> {
  let status: ExitStatus = 0
  const run =
    (verb: Verb) =>
    async (...received: unknown[]) => {
      const command = received.at(-1) as Command
      const common = commonOptionsOf(command)
      try {
        status = await verb(invocation, common, command)
      } catch (error) {
        if (error instanceof CommanderError) throw error
        status = reportFailure(invocation, error, common)
      }
    }
  const program = buildProgram(invocation, run)
  try {
    await program.parseAsync([...args], { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    return error.exitCode === 0 ? 0 : 1
  }
  return status
}

function buildProgram(
  invocation: Invocation,
  run: (verb: Verb) => (...received: unknown[]) => Promise<void>,
): Command {
  const program = new Command('reconcile')
    .description('Keeps automations outside a cluster as they are declared in manifests.')
    .usage('[verb] [options]')
    .version(invocation.version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .showHelpAfterError('(`reconcile --help` lists the verbs)')
    .configureOutput({
      writeOut: (text) => invocation.out.write(text),
      writeErr: (text) => invocation.err.write(text),
    })
    .exitOverride()
  const verb = (name: string, description: string, options: { isDefault?: boolean } = {}) =>
    program.command(name, options).description(description).allowExcessArguments(false).exitOverride()

  withCommonOptions(
    verb('pass [unknown...]', 'one pass: plan, apply, wait until healthy; what `reconcile` alone does', {
      isDefault: true,
    }).usage('[options]'),
    ['text', 'json', 'yaml', 'markdown'],
  )
    .option('--dry-run', 'print the plan and change nothing')
    .option('--detailed-exitcode', 'with --dry-run: 0 no changes, 2 changes, 1 error or something unknown')
    .option('--timeout <duration>', 'how long to wait for health, such as 30s', parseTimeout, defaultTimeout)
    .option('--no-wait', 'act and confirm, but do not wait for health')
    .option('--allow-deletions <n>', 'let this many deletions happen although the limit is lower', parseCount)
    .option('--rebind', 'accept that the state belonged to another manifests folder or environment')
    .action(
      run(async (call, common, command) => {
        const [unknown] = command.args
        if (unknown !== undefined) command.error(`error: unknown verb '${unknown}'`, { exitCode: 1 })
        if (command.opts().dryRun === true)
          return (await import('./verbs/plan.ts')).plan(call, common, command.opts())
        return (await import('./verbs/pass.ts')).pass(call, common, command.opts())
      }),
    )

  withCommonOptions(verb('plan', 'print what a pass would do; changes nothing'), [
    'text',
    'json',
    'yaml',
    'markdown',
  ])
    .option('--detailed-exitcode', '0 no changes, 2 changes, 1 error or something unknown')
    .option('--allow-deletions <n>', 'plan as if this many deletions were allowed', parseCount)
    .action(
      run(async (call, common, command) =>
        (await import('./verbs/plan.ts')).plan(call, common, command.opts()),
      ),
    )

  withCommonOptions(verb('watch', 'the controller, in the foreground: heals drift and follows edits'), [
    'text',
    'json',
  ])
    .option('--allow-deletions <n>', 'let this many deletions happen at once', parseCount)
    .option('--rebind', 'accept that the state belonged to another manifests folder or environment')
    .action(
      run(async (call, common, command) =>
        (await import('./verbs/watch.ts')).watch(call, common, command.opts()),
      ),
    )

  withCommonOptions(verb('check [files...]', 'validate manifests, offline; writes and starts nothing'), [
    'text',
    'json',
    'yaml',
  ])
    .option('--strict', 'warnings fail, too')
    .action(
      run(async (call, common, command) =>
        (await import('./verbs/check.ts')).check(call, common, {
          files: command.args,
          strict: command.opts().strict === true,
        }),
      ),
    )

  withCommonOptions(
    verb('status [resource]', 'what is known of each resource, with the age of each reading'),
    ['text', 'json', 'yaml'],
  )
    .option('--refresh', 'read anew instead of printing what the store knows')
    .action(
      run(async (call, common, command) =>
        (await import('./verbs/status.ts')).status(call, common, {
          resource: command.args[0],
          refresh: command.opts().refresh === true,
        }),
      ),
    )

  withCommonOptions(
    verb('describe <resource>', 'all of one resource: spec, observed, conditions, events, attempts'),
    ['text', 'json', 'yaml'],
  ).action(
    run(async (call, common, command) =>
      (await import('./verbs/describe.ts')).describe(call, common, command.args[0] ?? ''),
    ),
  )

  withCommonOptions(verb('events [resource]', 'what happened, newest last'), ['text', 'json', 'yaml'])
    .option('-n, --lines <n>', 'how many', parseCount, 50)
    .action(
      run(async (call, common, command) =>
        (await import('./verbs/events.ts')).events(call, common, {
          resource: command.args[0],
          limit: command.opts().lines,
        }),
      ),
    )

  withCommonOptions(verb('health', 'the score, and what lowers it'), ['text', 'json', 'yaml']).action(
    run(async (call, common) => (await import('./verbs/health.ts')).health(call, common)),
  )

  withCommonOptions(verb('suspend <resource>', 'take no actions on a resource until it is resumed'), ['text'])
    .requiredOption('--reason <text>', 'why, for those who find it later')
    .option('--by <name>', 'who; default: the user name')
    .option('--for <duration>', 'resume by itself after this time, such as 2h', parseTimeout)
    .action(
      run(async (call, common, command) =>
        (await import('./verbs/suspend.ts')).suspend(call, common, command.args[0] ?? '', command.opts()),
      ),
    )

  withCommonOptions(verb('resume [resource]', 'end a suspension, and start recovery attempts anew'), ['text'])
    .option('--all', 'every resource, and a fleet that is down')
    .action(
      run(async (call, common, command) =>
        (await import('./verbs/resume.ts')).resume(call, common, {
          resource: command.args[0],
          all: command.opts().all === true,
        }),
      ),
    )

  return program
}

function parseTimeout(text: string): number {
  const duration = parseDuration(text)
  if (duration === undefined) throw new InvalidArgumentError('Expected a duration such as 30s, 5m or 1h30m.')
  return duration
}
