import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join, resolve, sep } from 'node:path'
import { inflateRawSync } from 'node:zlib'

/** Unpacks a zip into a folder. Enough of the format for what the bundler writes. */
export async function unzip(zip: Buffer, folder: string): Promise<readonly string[]> {
  const names: string[] = []
  for (const { name, content } of entriesOf(zip)) {
    const path = resolve(folder, name)
    if (!path.startsWith(folder + sep)) throw new Error(`The zip leads out of its folder: ${name}`)
    names.push(name)
    await mkdir(dirname(path), { recursive: true })
    await writeFile(join(folder, name), content)
  }
  return names
}

function* entriesOf(zip: Buffer): Generator<{ readonly name: string; readonly content: Buffer }> {
  const end = zip.lastIndexOf(Buffer.from([0x50, 0x4b, 0x05, 0x06]))
  if (end < 0) throw new Error('Not a zip')
  let at = zip.readUInt32LE(end + 16)
  for (let count = zip.readUInt16LE(end + 10); count > 0; count -= 1) {
    const method = zip.readUInt16LE(at + 10)
    const packed = zip.readUInt32LE(at + 20)
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((offset) =>
      zip.readUInt16LE(at + offset),
    )
    const header = zip.readUInt32LE(at + 42)
    const name = zip.toString('utf8', at + 46, at + 46 + (nameLength ?? 0))
    const start = header + 30 + zip.readUInt16LE(header + 26) + zip.readUInt16LE(header + 28)
    const bytes = zip.subarray(start, start + packed)
    if (!name.endsWith('/')) yield { name, content: method === 0 ? bytes : inflateRawSync(bytes) }
    at += 46 + (nameLength ?? 0) + (extraLength ?? 0) + (commentLength ?? 0)
  }
}
