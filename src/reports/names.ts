import { isAbsolute, relative } from 'node:path'
import { sanitise } from './sanitise.ts'

/** `acme (production)`, or the fleet's name alone. */
export function fleetTitle(fleet: string, environment: string | undefined): string {
  return sanitise(environment ? `${fleet} (${environment})` : fleet)
}

/** A file as people would name it where they are: relative where it lies below, absolute otherwise. */
export function displayPath(file: string, workingDirectory: string): string {
  const path = relative(workingDirectory, file)
  return sanitise(path === '' || path.startsWith('..') || isAbsolute(path) ? file : path)
}

/** A sentence in which files below the working directory are named as people there would name them. */
export function displayText(text: string, workingDirectory: string): string {
  const below = workingDirectory.endsWith('/') ? workingDirectory : `${workingDirectory}/`
  return text
    .split(' ')
    .map((word) => (word.startsWith(below) && word !== below ? word.slice(below.length) : word))
    .join(' ')
}

export function isoTime(epochMs: number): string {
  return new Date(epochMs).toISOString()
}

/** `1 error`, `2 errors`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
