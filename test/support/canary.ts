import { readdir, readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'

/** A value that is put wherever a secret can stand: with signs that each encoding writes in its own way. */
export const canary = 'cnry-4f9A/+"x Zq7~?>~w~~?>-8Kd2'

/** A part of it: a text that was cut in the middle of it has one. */
const shortest = 12

/** What the canary looks like where it leaks, by the name of its form. Made here, and not by what is tested. */
export const canaryForms: ReadonlyMap<string, string> = new Map([
  ['plain', canary],
  ['its beginning', canary.slice(0, shortest)],
  ['its end', canary.slice(-shortest)],
  ['JSON', 'cnry-4f9A/+\\"x Zq7~?>~w~~?>-8Kd2'],
  ['JSON in JSON', 'cnry-4f9A/+\\\\\\"x Zq7~?>~w~~?>-8Kd2'],
  ['HTML', 'cnry-4f9A/+&quot;x Zq7~?&gt;~w~~?&gt;-8Kd2'],
  ['an address', 'cnry-4f9A%2F%2B%22x%20Zq7~%3F%3E~w~~%3F%3E-8Kd2'],
  ['an address in small letters', 'cnry-4f9A%2f%2b%22x%20Zq7~%3f%3e~w~~%3f%3e-8Kd2'],
  ['a form', 'cnry-4f9A%2F%2B%22x+Zq7%7E%3F%3E%7Ew%7E%7E%3F%3E-8Kd2'],
  ['hexadecimal', '636e72792d346639412f2b2278205a71377e3f3e7e777e7e3f3e2d384b6432'],
  ['hexadecimal in capitals', '636E72792D346639412F2B2278205A71377E3F3E7E777E7E3F3E2D384B6432'],
  // Of whole groups alone: what stands beside the value decides about the others.
  ['base64, as its first', 'Y25yeS00ZjlBLysieCBacTd+Pz5+d35+Pz4tOEtk'],
  ['base64, after one byte', 'cnktNGY5QS8rInggWnE3fj8+fnd+fj8+LThL'],
  ['base64, after two bytes', 'bnJ5LTRmOUEvKyJ4IFpxN34/Pn53fn4/Pi04'],
  ['base64url, as its first', 'Y25yeS00ZjlBLysieCBacTd-Pz5-d35-Pz4tOEtk'],
  ['base64url, after one byte', 'cnktNGY5QS8rInggWnE3fj8-fnd-fj8-LThL'],
  ['base64url, after two bytes', 'bnJ5LTRmOUEvKyJ4IFpxN34_Pn53fn4_Pi04'],
])

/** The forms in which a text shows the canary. White space is as good as any other: tables and terminals wrap. */
export function formsIn(text: string): readonly string[] {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours may stand in the middle of it.
  const flat = text.replace(/\u001b\[[0-9;]*m/g, '').replace(/\s+/g, ' ')
  return [...canaryForms]
    .filter(([, form]) => flat.includes(form) || text.includes(form))
    .map(([name]) => name)
}

/** Collects what was printed and sent, and searches it. */
export class Evidence {
  readonly #texts: { readonly name: string; readonly text: string }[] = []

  add(name: string, text: string): void {
    this.#texts.push({ name, text })
  }

  get names(): readonly string[] {
    return this.#texts.map(({ name }) => name)
  }

  /** What shows the canary, with a piece of it. */
  leaks(): readonly string[] {
    return this.#texts.flatMap(({ name, text }) => describeLeaks(name, text))
  }
}

/** What of a folder shows the canary, all bytes of all files. `isExempt` is asked with the path inside the folder. */
export async function leaksInFolder(
  folder: string,
  isExempt: (path: string) => boolean,
): Promise<{ readonly leaks: readonly string[]; readonly searched: readonly string[] }> {
  const leaks: string[] = []
  const searched: string[] = []
  const walk = async (place: string): Promise<void> => {
    for (const entry of await readdir(place, { withFileTypes: true })) {
      const path = join(place, entry.name)
      const name = relative(folder, path)
      if (isExempt(name)) continue
      leaks.push(...describeLeaks('the name of a file', entry.name))
      if (entry.isDirectory()) await walk(path)
      if (!entry.isFile()) continue
      searched.push(name)
      leaks.push(...describeLeaks(name, (await readFile(path)).toString('latin1')))
    }
  }
  await walk(folder)
  return { leaks, searched }
}

function describeLeaks(name: string, text: string): readonly string[] {
  return formsIn(text).map((form) => {
    const at = text.indexOf(canaryForms.get(form) ?? '')
    const around = at < 0 ? '(wrapped)' : text.slice(Math.max(0, at - 80), at + 80).replace(/\s+/g, ' ')
    return `${name}: as ${form}: ${around}`
  })
}
