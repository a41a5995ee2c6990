import { counted } from './names.ts'

/** Calls to vendors with a limit. */
export interface ApiUse {
  readonly github?: VendorUse
  readonly netlify?: VendorUse
}

export interface VendorUse {
  readonly needed: number
  /** Null: not told yet. */
  readonly remaining: number | null
}

const names = Object.freeze({ github: 'GitHub', netlify: 'Netlify' })

/** Where a plan needs calls: how many, and how many are left. */
export function apiLines(use: ApiUse): readonly string[] {
  return (['github', 'netlify'] as const).flatMap((vendor) => {
    const { needed, remaining } = use[vendor] ?? { needed: 0, remaining: null }
    if (needed === 0) return []
    const left = remaining === null ? '' : `; ${remaining.toLocaleString('en-US')} are left`
    return [`${names[vendor]}: ${counted(needed, 'call')} needed${left}.`]
  })
}
