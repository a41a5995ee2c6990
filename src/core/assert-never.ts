/** Ends a switch over a union: the compiler refuses a forgotten case, and at run time it is loud. */
export function assertNever(value: never): never {
  throw new TypeError(`Unexpected value: ${JSON.stringify(value)}`)
}
