/** Of one entry in the list at the end of a zip: its mark, and where the lengths of its parts stand. */
const entry = Object.freeze({ mark: 0x02014b50, name: 28, extra: 30, comment: 32, size: 46 })

/** Of what follows that list: its mark, its size without a comment, and where it says where the list begins. */
const end = Object.freeze({ mark: 0x06054b50, size: 22, start: 16 })

/** The names of the files in a zip, as they stand there; empty where it is none. */
export function namesInZip(zip: Buffer): readonly string[] {
  let at = zip.byteLength - end.size
  while (at >= 0 && zip.readUInt32LE(at) !== end.mark) at -= 1
  if (at < 0) return []
  const names: string[] = []
  let place = zip.readUInt32LE(at + end.start)
  while (place + entry.size <= at && zip.readUInt32LE(place) === entry.mark) {
    const nameAt = place + entry.size
    const nameEnd = nameAt + zip.readUInt16LE(place + entry.name)
    names.push(zip.toString('utf8', nameAt, nameEnd))
    place = nameEnd + zip.readUInt16LE(place + entry.extra) + zip.readUInt16LE(place + entry.comment)
  }
  return names
}
