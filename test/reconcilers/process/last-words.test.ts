import { mkdir, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { Secret } from '../../../src/core/secret.ts'
import { pickLastWords } from '../../../src/reconcilers/process/last-words.ts'
import { eventually, pm2Versions, withDaemon } from '../../support/pm2.ts'
import { Bench, declare } from './bench.ts'

const busyPort = `node:events:486
      throw er; // Unhandled 'error' event
      ^

Error: listen EADDRINUSE: address already in use 127.0.0.1:3000
    at Server.setupListenHandle [as _listen2] (node:net:1940:16)
    at node:internal/process/task_queues:89:21 {
  code: 'EADDRINUSE',
  errno: -98,
  port: 3000
}

Node.js v24.21.0
`

describe('the last words of a process', () => {
  test.each<[string, string, string | undefined]>([
    ['Node with a busy port', busyPort, 'Error: listen EADDRINUSE: address already in use 127.0.0.1:3000'],
    [
      'Python',
      'Traceback (most recent call last):\n  File "a.py", line 1, in <module>\n    int("x")\nValueError: invalid literal\n',
      'ValueError: invalid literal',
    ],
    [
      'a shell',
      './run.sh: line 3: frobnicate: command not found\n',
      './run.sh: line 3: frobnicate: command not found',
    ],
    [
      'Rust',
      "thread 'main' panicked at src/main.rs:2:5\nnote: run with `RUST_BACKTRACE=1` to see more\n",
      "thread 'main' panicked at src/main.rs:2:5",
    ],
    ['colours and a bell', '\u001b[31mTypeError: no\u0007way\u001b[0m\n', 'TypeError: no way'],
    ['an error before further complaints', 'RangeError: too far\nclosing\n', 'RangeError: too far'],
    ['nothing', '\n   \n}\n', undefined],
  ])('of %s', (_, text, expected) => {
    expect(pickLastWords(text, [])).toBe(expected)
  })

  test.each<[string, string, readonly string[], string]>([
    [
      'a value of its environment',
      'Error: cannot log in as hunter22!',
      ['hunter22'],
      'Error: cannot log in as ***!',
    ],
    [
      'an address with a password',
      'Error: connect postgres://joe:pw@db/x',
      [],
      'Error: connect postgres://***@db/x',
    ],
    ['a named token', 'Error: bad token=abc123 given', [], 'Error: bad token=*** given'],
    ['a header', 'Error: Authorization: Bearer abc.def', [], 'Error: Authorization: *** ***'],
    ['a token by its make', 'Error: ghp_0123456789abcdef0123 was refused', [], 'Error: *** was refused'],
  ])('without %s', (_, text, hidden, expected) => {
    expect(pickLastWords(text, hidden)).toBe(expected)
  })

  test('are bounded', () => {
    expect(pickLastWords(`Error: ${'x'.repeat(10_000)}`, [])?.length).toBeLessThanOrEqual(160)
  })

  test.each(pm2Versions)('of a real process of PM2 %i say that its port is taken, and no secret', (version) =>
    withDaemon(version, async ({ folder, home }) => {
      const other = createServer()
      await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
      const bench = new Bench({ folder, home })
      try {
        const { port } = other.address() as AddressInfo
        await mkdir(join(folder, 'logs'))
        await writeFile(
          join(folder, 'busy.cjs'),
          `console.error('key ' + process.env.PLAIN_NAME)
           require('node:http').createServer().listen(${port}, '127.0.0.1')`,
        )
        await writeFile(
          join(folder, 'leak.cjs'),
          `throw new Error('not let in with ' + process.env.PLAIN_NAME)`,
        )
        const key = Secret.read('fromEnv KEY', 'sesame-opens-it', 'digest')
        const wanted = (name: string) =>
          declare(name, { script: `./${name}.cjs`, maxRestarts: 1, env: { PLAIN_NAME: key } }, { folder })
        for (const [name, words] of [
          ['busy', `EADDRINUSE: address already in use 127.0.0.1:${port}`],
          ['leak', 'Error: not let in with ***'],
        ] as const) {
          await bench.settle(wanted(name))
          const message = await eventually(`${name} has said why it ended`, async () => {
            const { reason, message } = await bench.assess(wanted(name))
            return reason === 'Errored' && message.includes('it said last') && message
          })
          expect(message).toContain(words)
          expect(message).not.toContain('sesame')
          // A dry run reads no value of a command: what runs has it all the same.
          const unread = {
            ...wanted(name),
            spec: { ...wanted(name).spec, env: { PLAIN_NAME: Secret.unread('fromCommand x') } },
          }
          expect((await bench.assess(unread)).message).not.toContain('sesame')
        }
      } finally {
        await bench.close()
        other.close()
      }
    }),
  )
})
