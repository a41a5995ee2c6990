import { rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'

/**
 * Answers at the socket of a PM2_HOME as PM2's daemon does, as far as a first pass and its repetition ask, and starts
 * nothing: what it was told to start it lists as running under our own pid.
 */
export async function openStandIn(home) {
  const processes = []
  const answers = {
    getVersion: () => '7.0.0',
    getMonitorData: () => processes,
    prepare: (fields) => {
      const pm_id = processes.length
      const state = {
        status: 'online',
        pm_id,
        pm_uptime: Date.now() - 60_000,
        restart_time: 0,
        unstable_restarts: 0,
      }
      const monit = { memory: 50_000_000, cpu: 0 }
      const env = { ...fields, ...state, created_at: state.pm_uptime }
      processes.push({ pid: process.pid, pm_id, name: fields.name, pm2_env: env, monit })
      return [processes.at(-1)]
    },
  }
  const sockets = new Set()
  const server = createServer((socket) => {
    sockets.add(socket)
    let held = Buffer.alloc(0)
    socket.on('error', () => socket.destroy())
    socket.on('data', (piece) => {
      held = Buffer.concat([held, piece])
      for (let frame = readFrame(held); frame; frame = readFrame(held)) {
        held = held.subarray(frame.end)
        const [call, id] = frame.values
        const { method, args } = JSON.parse(call.toString().slice(tagLength))
        const answer = answers[method]
        const said = answer ? { args: [answer(...args)] } : { error: `no ${method} here` }
        socket.write(frameOf([`j:${JSON.stringify(said)}`, id.toString()]))
      }
    })
  })
  const path = join(home, 'rpc.sock')
  await new Promise((resolve, reject) => server.once('error', reject).listen(path, resolve))
  return {
    close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      rmSync(path, { force: true })
    },
  }
}

/** Of an argument: `s:` for a text, `j:` for JSON. */
const tagLength = 2

/** AMP: the number of arguments in the low half of a byte, and each argument behind its length. */
function readFrame(bytes) {
  if (bytes.length === 0) return undefined
  const values = []
  let at = 1
  for (let left = bytes[0] & 0x0f; left > 0; left -= 1) {
    if (bytes.length < at + 4) return undefined
    const end = at + 4 + bytes.readUInt32BE(at)
    if (bytes.length < end) return undefined
    values.push(bytes.subarray(at + 4, end))
    at = end
  }
  return { values, end: at }
}

function frameOf(values) {
  const parts = values.flatMap((value) => {
    const bytes = Buffer.from(value)
    const length = Buffer.alloc(4)
    length.writeUInt32BE(bytes.length)
    return [length, bytes]
  })
  return Buffer.concat([Buffer.from([0x10 | values.length]), ...parts])
}
