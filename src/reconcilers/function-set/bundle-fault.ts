import type { BundleFailure } from '../../clients/bundler/bundle.ts'

/** What could not be bundled, in one sentence: each function with its file, the place in it, and what is wrong there. */
export function faultOfBundling(failures: readonly BundleFailure[]): string {
  const told = failures.map(({ name, file, line, column, message }) => {
    const place = [file, line, column].filter((part) => part !== undefined).join(':')
    return `${name} (${place}): ${message}`
  })
  return `Could not bundle ${told.join('; ')}`
}
