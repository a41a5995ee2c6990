import type { Bundle, BundleFailure } from '../../clients/bundler/bundle.ts'
import type { FunctionFile } from './directory.ts'

/** What could not be bundled, in one sentence: each function with its file, the place in it, and what is wrong there. */
export function faultOfBundling(failures: readonly BundleFailure[]): string {
  const told = failures.map(({ name, file, line, column, message }) => {
    const place = [file, line, column].filter((part) => part !== undefined).join(':')
    return `${name} (${place}): ${message}`
  })
  return `Could not bundle ${told.join('; ')}`
}

/** Bytes of one zip that Netlify takes ("Functions: 50 MB zipped", its documented limit). */
const largestZip = 50 * 1024 * 1024

/** Which functions are larger than Netlify takes, in a sentence; undefined: none, as far as they are bundled. */
export function faultOfSizes({
  functions,
}: {
  readonly functions: readonly (FunctionFile & { readonly bundle: Bundle | undefined })[]
}): string | undefined {
  const told = functions.flatMap(({ name, file, bundle }) =>
    bundle && bundle.size > largestZip
      ? [`${name} (${file}) is ${Math.ceil(bundle.size / 1024 / 1024)} MB`]
      : [],
  )
  return told.length === 0 ? undefined : `Netlify takes functions of 50 MB, zipped: ${told.join(', ')}`
}
