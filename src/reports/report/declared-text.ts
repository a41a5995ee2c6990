import type { Resource } from '../../core/resource.ts'

/** A field of a manifest that is text, such as `maxMemory`; undefined: not declared, or something else. */
export function declaredText(resource: Resource | undefined, field: string): string | undefined {
  const { spec } = resource ?? {}
  if (typeof spec !== 'object' || spec === null) return undefined
  const value = Object.entries(spec).find(([key]) => key === field)?.[1]
  return typeof value === 'string' ? value : undefined
}
