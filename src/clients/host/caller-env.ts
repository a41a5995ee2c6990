/** The environment that this program was started with, for the few that are asked without being handed one. */
export function callerEnvironment(): Readonly<Record<string, string | undefined>> {
  return process.env
}
