import type { ResourceId } from '../../core/resource.ts'

/** The beginning of the titles of our deploys. */
const titleMark = 'reconciled '

/**
 * The title of a deploy: whose it is, and what stands for all that it holds. A deploy whose answer was lost is found
 * again by it, whoever lost it.
 */
export function titleOf(
  id: ResourceId,
  holds: { readonly functions: string; readonly files: string },
): string {
  return `${titlesOf(id)}${holds.functions} ${holds.files}`
}

/** The beginning that the titles of all deploys of one resource share. */
export function titlesOf(id: ResourceId): string {
  return `${titleMark}${id} `
}

/** Whether a deploy was made by this program, for whatever resource. */
export function isOurTitle(title: string): boolean {
  return title.startsWith(titleMark)
}

/** Longest list of names in a message. */
const mostNames = 5

/** Names of functions in a sentence. */
export function named(names: readonly string[]): string {
  const shown = names.slice(0, mostNames).join(', ')
  const word = names.length === 1 ? 'function' : 'functions'
  return names.length > mostNames
    ? `${word} ${shown} and ${names.length - mostNames} more`
    : `${word} ${shown}`
}
