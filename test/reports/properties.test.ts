import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { checkDocument } from '../../src/reports/diagnostics-json.ts'
import { diagnosticsText } from '../../src/reports/diagnostics-text.ts'
import { eventsText } from '../../src/reports/events-text.ts'
import { healthText } from '../../src/reports/health-text.ts'
import { planDocument } from '../../src/reports/plan-json.ts'
import { planMarkdown } from '../../src/reports/plan-markdown.ts'
import { planText } from '../../src/reports/plan-text.ts'
import { statusDocument } from '../../src/reports/status-json.ts'
import { statusText } from '../../src/reports/status-text.ts'
import { ansi } from '../../src/reports/style.ts'
import { yamlText } from '../../src/reports/yaml-text.ts'
import { diagnostics, events, fleetStatus, plan, width } from './arbitraries.ts'
import { expectPrintable, expectWithin } from './printed.ts'
import { attendance } from './samples.ts'
import { expectValid, readSchema } from './schemas.ts'

const workingDirectory = '/srv/fleet'
const now = Date.UTC(2026, 0, 1)

describe('whatever a plan holds', () => {
  test('its JSON and YAML are valid by the schema, equal, clean, and hold no sensitive value', () => {
    fc.assert(
      fc.property(plan, (any) => {
        const document = planDocument(any, { workingDirectory })
        expectValid('plan', document)
        expectPrintable(JSON.stringify(document))
        expect(parse(yamlText(document))).toEqual(JSON.parse(JSON.stringify(document)))
        for (const change of document.resources.flatMap((resource) =>
          resource.actions.flatMap((action) => action.changes),
        )) {
          if (change.sensitive) expect([change.before, change.after]).toEqual([null, null])
        }
        const total = Object.values(document.summary).reduce((sum, count) => sum + count, 0)
        expect(total).toBe(any.resources.length)
      }),
    )
  })

  test('its text fits the page and is clean; colours change nothing but colours', () => {
    fc.assert(
      fc.property(plan, width, fc.boolean(), (any, columns, isDryRun) => {
        const text = planText(any, { width: columns, isDryRun })
        expectPrintable(text)
        expectWithin(text, columns)
        expect(text.endsWith('Dry run: nothing was changed.\n')).toBe(isDryRun)
        const coloured = planText(any, { width: columns, isDryRun, style: ansi })
        // biome-ignore lint/suspicious/noControlCharactersInRegex: the colours that the style adds.
        const uncoloured = coloured.replace(/\u001b\[\d+m/g, '')
        expect(uncoloured.replace(/ +$/gm, '')).toBe(text)
      }),
    )
  })

  test('its comment is bounded and clean', () => {
    fc.assert(
      fc.property(plan, (any) => {
        const text = planMarkdown(any, { isDryRun: true })
        expect(text.length).toBeLessThanOrEqual(60_000)
        expectPrintable(text)
      }),
    )
  })

  test('no print of it holds a sensitive value', () => {
    fc.assert(
      fc.property(plan, (any) => {
        const canary = 'c4n4ry'
        const withCanary = {
          ...any,
          resources: any.resources.map((resource) => ({
            ...resource,
            actions: resource.actions.map((action) => ({
              ...action,
              changes: [
                ...action.changes,
                { path: 'env.KEY', before: canary, after: [canary], sensitive: true },
              ],
            })),
          })),
        }
        expect(planText(withCanary, { width: 200, isDryRun: true })).not.toContain(canary)
        expect(planMarkdown(withCanary, { isDryRun: true })).not.toContain(canary)
        expect(JSON.stringify(planDocument(withCanary, { workingDirectory }))).not.toContain(canary)
      }),
    )
  })
})

describe('whatever a status holds', () => {
  test('its JSON is valid by the schema and clean', () => {
    fc.assert(
      fc.property(fleetStatus, (any) => {
        const document = statusDocument(any)
        expectValid('status', document)
        expectPrintable(JSON.stringify(document))
      }),
    )
  })

  test('its tables fit the page and are clean', () => {
    fc.assert(
      fc.property(fleetStatus, width, (any, columns) => {
        for (const text of [
          statusText(any, { width: columns, now }),
          healthText(any, { width: columns, now, typed: (...args) => args.join(' '), attendance }),
        ]) {
          expectPrintable(text)
          expectWithin(text, columns)
        }
      }),
    )
  })
})

test('whatever events there are, their table fits the page and is clean', () => {
  fc.assert(
    fc.property(events, width, (any, columns) => {
      const text = eventsText(any, { width: columns, now })
      expectPrintable(text)
      expectWithin(text, columns)
    }),
  )
})

describe('whatever diagnostics there are', () => {
  test('their JSON is valid by the schema and clean', () => {
    fc.assert(
      fc.property(diagnostics, fc.nat(), (any, resources) => {
        const document = checkDocument(any, { resources, workingDirectory })
        expectValid('check', document)
        expectPrintable(JSON.stringify(document))
      }),
    )
  })

  test('their text is clean, and its source lines fit the page with a caret under each', () => {
    fc.assert(
      fc.property(diagnostics, width, (any, columns) => {
        const text = diagnosticsText(any, { width: columns, workingDirectory })
        expectPrintable(text)
        const quoted = text.split('\n').filter((line) => /^ +\d* +\|/.test(line))
        for (const line of quoted) expectWithin(line, columns)
        const shown = any.filter(({ excerpt }) => excerpt !== undefined).length
        expect(quoted.filter((line) => /^ + \| +\^+$/.test(line)).length).toBeGreaterThanOrEqual(shown)
      }),
    )
  })
})

test.each(['plan', 'status', 'check'])('every field of the %s schema is described', (name) => {
  const undescribed: string[] = []
  const visit = (node: unknown, path: string): void => {
    if (typeof node !== 'object' || node === null) return
    for (const [key, value] of Object.entries(node)) {
      if (key === 'properties') {
        for (const [field, schema] of Object.entries(
          value as Record<string, { readonly description?: string }>,
        )) {
          if (!schema.description) undescribed.push(`${path}.${field}`)
        }
      }
      visit(value, `${path}.${key}`)
    }
  }
  visit(readSchema(name), name)
  expect(undescribed).toEqual([])
})
