import { isPm2OptionName } from '../../clients/pm2/option-names.ts'

/**
 * Options of PM2's configuration files (its lib/API/schema.json) that the daemon itself does not read. PM2's own
 * command does, when somebody restarts the process by hand with the listed environment.
 */
const commandOptions: ReadonlySet<string> = new Set([
  'append_env_to_name',
  'deep_monitoring',
  'disable_trace',
  'error_file',
  'event_loop_inspector',
  'execute_command',
  'install_url',
  'interpreter_args',
  'log_file',
  'max_memory',
  'name_prefix',
  'out_file',
  'pid_file',
  'post_update',
])

/** Names that the daemon or its bootstrap code gives every child (its lib/God.js, lib/ProcessContainer.js). */
const runtimeNames: ReadonlySet<string> = new Set([
  'NODE_APP_INSTANCE',
  'NODE_CHANNEL_FD',
  'NODE_CHANNEL_SERIALIZATION_MODE',
  'NODE_UNIQUE_ID',
  'PM2_HOME',
  'PM2_USAGE',
  'pm2_env',
])

/** Why a variable of this name is not the manifest's to give; undefined: it is. */
export function optionBehind(name: string): string | undefined {
  if (runtimeNames.has(name)) return 'PM2 sets it itself for every process that it runs'
  if (name === 'reconciled' || name === 'reconciled_as') return 'our own mark on the process has that name'
  if (isPm2OptionName(name)) return 'a PM2 daemon would take it for the option, or the state, of that name'
  if (commandOptions.has(name)) return "PM2's command takes it for the option of that name"
  return undefined
}
