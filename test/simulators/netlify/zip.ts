import { crc32 } from 'node:zlib'

/** A zip of texts by their paths, stored as they are: what somebody else might have deployed. */
export function zipOf(files: Readonly<Record<string, string>>): Buffer {
  const parts: Buffer[] = []
  const directory: Buffer[] = []
  let offset = 0
  for (const [path, text] of Object.entries(files)) {
    const [name, content] = [Buffer.from(path), Buffer.from(text)]
    const described = describe(name, content)
    const local = Buffer.concat([Buffer.from([0x50, 0x4b, 0x03, 0x04]), described, name, content])
    directory.push(Buffer.from([0x50, 0x4b, 0x01, 0x02, 20, 0]), described, placed(offset), name)
    parts.push(local)
    offset += local.length
  }
  const entries = Object.keys(files).length
  const index = Buffer.concat(directory)
  const end = Buffer.alloc(22)
  end.set([0x50, 0x4b, 0x05, 0x06])
  end.writeUInt16LE(entries, 8)
  end.writeUInt16LE(entries, 10)
  end.writeUInt32LE(index.length, 12)
  end.writeUInt32LE(offset, 16)
  return Buffer.concat([...parts, index, end])
}

/** What the entry and the directory both say: version, flags, method, time, check sum, sizes, lengths. */
function describe(name: Buffer, content: Buffer): Buffer {
  const header = Buffer.alloc(26)
  header.writeUInt16LE(20, 0)
  header.writeUInt32LE(crc32(content), 10)
  header.writeUInt32LE(content.length, 14)
  header.writeUInt32LE(content.length, 18)
  header.writeUInt16LE(name.length, 22)
  return header
}

/** What only the directory says: no comment, the first disk, plain attributes, and where the entry begins. */
function placed(offset: number): Buffer {
  const rest = Buffer.alloc(14)
  rest.writeUInt32LE(offset, 10)
  return rest
}

/** A function of the first version that answers a text, as another tool packs it. */
export function foreignFunction(name: string, answer: string): Buffer {
  return zipOf({
    [`${name}.js`]: `exports.handler = async () => ({ statusCode: 200, body: ${JSON.stringify(answer)} })\n`,
  })
}
