import { readFileSync } from 'node:fs'

export type Schema = { readonly [key: string]: unknown }

/** The part of GitHub's published description that is kept here; `scripts/github-api-subset.mjs` makes it. */
export const description = JSON.parse(readFileSync(new URL('./openapi.json', import.meta.url), 'utf8')) as {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: {
    readonly schemas: Readonly<Record<string, Schema>>
    readonly responses: Readonly<Record<string, ResponseDescription>>
  }
}

export interface Operation {
  readonly responses: Readonly<Record<string, ResponseDescription>>
}

export interface ResponseDescription {
  readonly $ref?: string
  readonly content?: Readonly<Record<string, { readonly schema: Schema }>>
}
