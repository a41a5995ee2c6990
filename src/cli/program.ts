import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { Command, CommanderError } from 'commander'
import type { Declare, Register, Verb } from './command.ts'
import { alertCommand } from './commands/alert.ts'
import { applyCommand } from './commands/apply.ts'
import { checkCommand } from './commands/check.ts'
import { completionCommand } from './commands/completion.ts'
import { describeCommand } from './commands/describe.ts'
import { diffEnvCommand } from './commands/diff-env.ts'
import { doctorCommand } from './commands/doctor.ts'
import { downCommand } from './commands/down.ts'
import { eventsCommand } from './commands/events.ts'
import { explainCommand } from './commands/explain.ts'
import { healthCommand } from './commands/health.ts'
import { importCommand } from './commands/import.ts'
import { initCommand } from './commands/init.ts'
import { logsCommand } from './commands/logs.ts'
import { monitorCommand } from './commands/monitor.ts'
import { passCommand } from './commands/pass.ts'
import { planCommand } from './commands/plan.ts'
import { reportCommand } from './commands/report.ts'
import { restartCommand } from './commands/restart.ts'
import { resumeCommand } from './commands/resume.ts'
import { rollbackCommand } from './commands/rollback.ts'
import { runCommand } from './commands/run.ts'
import { startCommand } from './commands/start.ts'
import { statusCommand } from './commands/status.ts'
import { stopCommand } from './commands/stop.ts'
import { suspendCommand } from './commands/suspend.ts'
import { watchCommand } from './commands/watch.ts'
import { reportFailure } from './failure.ts'
import type { ExitStatus, Invocation } from './invocation.ts'
import { type Call, withoutSecrets } from './masked-call.ts'
import { commonOptionsOf } from './options.ts'

/** Every verb by its name, in the order of the help. */
const commands: ReadonlyMap<string, Register> = new Map(
  Object.entries({
    pass: passCommand,
    plan: planCommand,
    apply: applyCommand,
    watch: watchCommand,
    start: startCommand,
    stop: stopCommand,
    restart: restartCommand,
    check: checkCommand,
    'diff-env': diffEnvCommand,
    status: statusCommand,
    describe: describeCommand,
    events: eventsCommand,
    logs: logsCommand,
    health: healthCommand,
    run: runCommand,
    report: reportCommand,
    monitor: monitorCommand,
    suspend: suspendCommand,
    resume: resumeCommand,
    rollback: rollbackCommand,
    down: downCommand,
    import: importCommand,
    alert: alertCommand,
    init: initCommand,
    doctor: doctorCommand,
    explain: explainCommand,
    completion: completionCommand,
  }),
)

/** Understands the command line and runs one verb. Each verb's code is loaded when it is called, and no other's. */
export async function runProgram(args: readonly string[], call: Call): Promise<ExitStatus> {
  const invocation = withoutSecrets(call)
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
  const asked = args[0] === 'help' ? helpOf(args[1]) : args
  const program = buildProgram(invocation, { registers: registersFor(asked), run })
  try {
    assertVerbFirst(asked, { program, cwd: invocation.cwd })
    await program.parseAsync([...asked], { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    return error.exitCode === 0 ? 0 : 1
  }
  return status
}

/** `help VERB` is `VERB --help`, and as good a call. Whoever asks for help makes no pass, whatever else he gives. */
function helpOf(name = '--help'): readonly string[] {
  if (name.startsWith('-')) return ['--help']
  return commands.has(name) ? [name, '--help'] : [name]
}

/**
 * A verb that stands after options would be taken for one more value of the last of them, and a pass be made: unless it
 * is the value of an option, or there is a file of that name.
 */
function assertVerbFirst(
  [first = '', ...rest]: readonly string[],
  { program, cwd }: { readonly program: Command; readonly cwd: string },
): void {
  if (!first.startsWith('-')) return
  const options = program.commands.flatMap((command) => command.options)
  const isValueOf = (flag: string) =>
    options.some(({ short, long, required }) => required && (flag === short || flag === long))
  const verb = rest.find(
    (arg, at) => commands.has(arg) && !isValueOf(rest[at - 1] ?? first) && !existsSync(resolve(cwd, arg)),
  )
  if (verb === undefined) return
  program.error(`error: options come after the verb: \`reconcile ${verb} ...\``, { exitCode: 1 })
}

/** The verb that is meant, where that is plain: to declare all of them takes longer than most of them do. */
function registersFor(args: readonly string[]): Iterable<Register> {
  const [first = 'pass'] = args
  const named = commands.get(first)
  // A shell is told of all verbs and their options.
  if (named && named !== completionCommand) return [named]
  // Options alone are those of a pass. Where help is asked for, it is of the program, and lists the verbs.
  const isOfPass = first.startsWith('-') && !args.some((arg) => /^(?:--(?:h|v|$)|-[^-]*[hV])/.test(arg))
  return isOfPass ? [passCommand] : commands.values()
}

function buildProgram(
  invocation: Invocation,
  { registers, run }: { readonly registers: Iterable<Register>; readonly run: Declare['run'] },
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
      getOutHelpWidth: () => invocation.out.columns,
      getErrHelpWidth: () => invocation.err.columns,
    })
    // That each verb takes options goes without saying, and leaves room for what it does on a terminal of 80 columns.
    .configureHelp({
      minWidthToWrap: 20,
      subcommandTerm: (command) => `${command.name()} ${command.usage().replace(/\[options\] ?/, '')}`.trim(),
    })
    .exitOverride()
  const verb: Declare['verb'] = (name, description, options = {}) =>
    program
      .command(name, options)
      .description(description)
      .allowExcessArguments(false)
      .exitOverride()
      .showHelpAfterError(`(\`reconcile ${name.replace(/ .*/, '')} --help\` lists what it takes)`)
  for (const register of registers) register({ verb, run })
  return program
}
