const secretName =
  /secret|token|passw|pwd|passphrase|credential|private|api_?key|access_?key|(^|_)key$|auth|cookie|session|salt|signature|(^|_)dsn$|conn(ection)?_?str/i
const secretInUrl = /:\/\/[^/\s:@]*:[^/\s@]+@/

/**
 * Whether a variable's value must not be shown although the manifest gives it in clear, or nobody declared it: its
 * name is one of a secret, or it is an address with a password. Shown too little is a nuisance, too much a leak.
 */
export function looksSecret(name: string, value: string | undefined): boolean {
  return secretName.test(name) || (value !== undefined && secretInUrl.test(value))
}
