import { execFileSync, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { inflateSync } from 'node:zlib'

const program = '/usr/bin/chromium'

/** Debian's Chromium; installed where we may, because a page that no browser showed is not known to be readable. */
function ensureChromium(): string {
  if (existsSync(program)) return program
  if (process.getuid?.() !== 0)
    throw new Error('This test needs Chromium: sudo apt-get install chromium fonts-dejavu-core')
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  execFileSync('apt-get', ['update', '-qq'], { env, stdio: 'ignore' })
  execFileSync(
    'apt-get',
    ['install', '-y', '-qq', '--no-install-recommends', 'chromium', 'fonts-dejavu-core'],
    {
      env,
      stdio: 'ignore',
    },
  )
  return program
}

/** A picture, row by row, three bytes a pixel. */
export interface Picture {
  readonly width: number
  readonly height: number
  readonly pixels: Buffer
}

/** Shows a page in one of the two colour schemes and gives what is seen; `keep` also writes it there. */
export async function screenshot(
  page: string,
  options: {
    readonly scheme: 'light' | 'dark'
    readonly width: number
    readonly height: number
    readonly keep?: string
  },
): Promise<Picture> {
  const folder = await mkdtemp(join(tmpdir(), 'r-chromium-'))
  const file = options.keep ?? join(folder, 'page.png')
  try {
    await run(ensureChromium(), [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--hide-scrollbars',
      '--force-device-scale-factor=1',
      `--blink-settings=preferredColorScheme=${options.scheme === 'dark' ? 0 : 1}`,
      `--user-data-dir=${join(folder, 'profile')}`,
      `--window-size=${options.width},${options.height}`,
      `--screenshot=${file}`,
      pathToFileURL(page).href,
    ])
    return decodePng(await readFile(file))
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
  }
}

function run(command: string, args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'] })
    let text = ''
    child.stderr.on('data', (chunk) => {
      text += String(chunk)
    })
    const timer = setTimeout(() => child.kill('SIGKILL'), 120_000)
    child.on('error', reject)
    child.on('close', (status) => {
      clearTimeout(timer)
      if (status === 0) resolve()
      else reject(new Error(`Chromium ended with ${status}: ${text.slice(-500)}`))
    })
  })
}

/** Eight bits a channel, not interlaced: what Chromium writes (https://www.w3.org/TR/png-3/). */
function decodePng(file: Buffer): Picture {
  const width = file.readUInt32BE(16)
  const height = file.readUInt32BE(20)
  const channels = file[25] === 6 ? 4 : 3
  const pieces: Buffer[] = []
  for (let at = 8; at < file.length; ) {
    const size = file.readUInt32BE(at)
    if (file.toString('latin1', at + 4, at + 8) === 'IDAT') pieces.push(file.subarray(at + 8, at + 8 + size))
    at += size + 12
  }
  const raw = inflateSync(Buffer.concat(pieces))
  const stride = width * channels
  const out = Buffer.alloc(stride * height)
  for (let row = 0; row < height; row += 1) {
    const filter = raw[row * (stride + 1)] ?? 0
    for (let index = 0; index < stride; index += 1) {
      const value = raw[row * (stride + 1) + 1 + index] ?? 0
      const left = index >= channels ? (out[row * stride + index - channels] ?? 0) : 0
      const up = row > 0 ? (out[(row - 1) * stride + index] ?? 0) : 0
      const corner = row > 0 && index >= channels ? (out[(row - 1) * stride + index - channels] ?? 0) : 0
      out[row * stride + index] = (value + predicted(filter, left, up, corner)) & 255
    }
  }
  const pixels = Buffer.alloc(width * height * 3)
  for (let pixel = 0; pixel < width * height; pixel += 1)
    out.copy(pixels, pixel * 3, pixel * channels, pixel * channels + 3)
  return { width, height, pixels }
}

function predicted(filter: number, left: number, up: number, corner: number): number {
  if (filter === 1) return left
  if (filter === 2) return up
  if (filter === 3) return (left + up) >> 1
  if (filter !== 4) return 0
  const estimate = left + up - corner
  const [a, b, c] = [Math.abs(estimate - left), Math.abs(estimate - up), Math.abs(estimate - corner)]
  return a <= b && a <= c ? left : b <= c ? up : corner
}
