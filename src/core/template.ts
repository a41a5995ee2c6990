/** What a template may name. */
export const placeholders = [
  'status',
  'fleet',
  'environment',
  'alert',
  'group',
  'severity',
  'troubles',
  'count',
  'resources',
  'list',
  'time',
] as const
export type Placeholder = (typeof placeholders)[number]

const pattern = /\{\{\s*([^{}]*?)\s*\}\}/g

/** Replaces placeholders by their values, once: what a value holds is never a placeholder. */
export function fillTemplate(template: string, values: Readonly<Record<Placeholder, string>>): string {
  return template.replace(pattern, (whole, name: string) => (isPlaceholder(name) ? values[name] : whole))
}

function isPlaceholder(name: string): name is Placeholder {
  return (placeholders as readonly string[]).includes(name)
}

/** What a template names that is no placeholder, in its order. */
export function unknownPlaceholders(template: string): readonly string[] {
  const names = [...template.matchAll(pattern)].map(([, name = '']) => name)
  return [...new Set(names)].filter((name) => !isPlaceholder(name))
}
