import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { reportHtml } from '../../src/reports/report/report-html.ts'
import { sampleReport } from '../reports/report/sample-report.ts'
import { type Picture, screenshot } from '../support/chromium.ts'

/** WCAG 2: relative luminance of a colour. */
function luminance(red: number, green: number, blue: number): number {
  const linear = (value: number) =>
    value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4
  return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
}

function contrast(a: number, b: number): number {
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)
}

/** The colour that most of the page has, and the share of pixels that can be read on it. */
function look({ pixels }: Picture): { readonly ground: number; readonly ink: number } {
  const counts = new Map<number, number>()
  for (let at = 0; at < pixels.length; at += 3) {
    const key = pixels.readUIntBE(at, 3)
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  const lightOf = (key: number) => luminance(key >> 16, (key >> 8) & 255, key & 255)
  const [[most = 0] = []] = [...counts].toSorted((a, b) => b[1] - a[1])
  const ground = lightOf(most)
  let ink = 0
  for (const [key, count] of counts) if (contrast(lightOf(key), ground) >= 4.5) ink += count
  return { ground, ink: (3 * ink) / pixels.length }
}

it('the page of the report is readable in both colour schemes, wide and on a phone', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'r-page-'))
  try {
    const page = join(folder, 'report.html')
    await writeFile(page, reportHtml(sampleReport))
    for (const width of [1200, 420]) {
      const light = look(await screenshot(page, { scheme: 'light', width, height: 2400 }))
      const dark = look(await screenshot(page, { scheme: 'dark', width, height: 2400 }))
      expect(light.ground).toBeGreaterThan(0.85)
      expect(dark.ground).toBeLessThan(0.05)
      // Text and lines are some percent of a page; a page in one colour, or in grey on grey, has none.
      for (const { ink } of [light, dark]) {
        expect(ink).toBeGreaterThan(0.015)
        expect(ink).toBeLessThan(0.5)
      }
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
