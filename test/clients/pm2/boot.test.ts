import { chmod, mkdir, mkdtemp, readFile, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { expect, test } from 'vitest'
import { systemClock } from '../../../src/clients/host/clock.ts'
import { registerAtBoot } from '../../../src/clients/pm2/boot.ts'
import {
  plainEnv,
  pm2Folder,
  pm2Versions,
  removeFolder,
  type TestDaemon,
  withDaemon,
} from '../../support/pm2.ts'

const secret = 'value-of-a-secret'

/** The user's `pm2`, but for `startup`, which would change this machine. */
async function installPm2({ folder, version }: TestDaemon): Promise<string> {
  const bin = join(folder, 'bin')
  await mkdir(bin)
  const real = join(pm2Folder(version), 'bin/pm2')
  const text = [
    '#!/bin/sh',
    `[ "$1" = -v ] && echo ${version}.0.0 && exit`,
    '[ "$1" = startup ] && exit',
    `exec "${process.execPath}" "${real}" "$@"`,
    '',
  ]
  await writeFile(join(bin, 'pm2'), text.join('\n'))
  await chmod(join(bin, 'pm2'), 0o755)
  return bin
}

async function modeOf(path: string): Promise<string> {
  return ((await stat(path)).mode & 0o777).toString(8)
}

test.each(pm2Versions)(
  'what PM2 %i starts with the machine is for its owner alone to read',
  async (version) => {
    await withDaemon(version, async (daemon) => {
      const { home, folder, cli } = daemon
      await chmod(home, 0o755)
      await writeFile(join(folder, 'idle.mjs'), 'setInterval(() => {}, 1000)\n')
      await writeFile(
        join(folder, 'apps.json'),
        JSON.stringify([{ name: 'api', script: join(folder, 'idle.mjs'), env: { PASSWORD: secret } }]),
      )
      expect((await cli('start', join(folder, 'apps.json'))).code).toBe(0)
      const bin = await installPm2(daemon)
      const env = { ...plainEnv, PATH: [bin, plainEnv.PATH].join(delimiter), HOME: folder }
      const register = () =>
        registerAtBoot({ home, env, clock: systemClock, signal: new AbortController().signal })
      const dump = join(home, 'dump.pm2')

      expect(await register()).toMatchObject({ isDone: true })
      expect(await readFile(dump, 'utf8')).toContain(secret)
      expect(await modeOf(dump)).toBe('600')

      // One that the user saved before, and what PM2 keeps of it.
      await chmod(dump, 0o644)
      await writeFile(`${dump}.bak`, '[]', { mode: 0o644 })
      expect(await register()).toMatchObject({ isDone: true })
      expect(await readFile(`${dump}.bak`, 'utf8')).toContain(secret)
      expect([await modeOf(dump), await modeOf(`${dump}.bak`)]).toEqual(['600', '600'])
    })
  },
)

test('the command that root is to type starts the home that was saved, and not another', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'r-'))
  try {
    await mkdir(join(folder, 'bin'))
    // As PM2 prints it for whoever is not root.
    const printed = `sudo env PATH=$PATH:/usr/bin /usr/lib/node_modules/pm2/bin/pm2 startup systemd -u ann --hp ${folder}`
    await writeFile(
      join(folder, 'bin/pm2'),
      `#!/bin/sh\n[ "$1" = -v ] && echo 7.0.4 && exit\n[ "$1" = save ] && exit\necho '[PM2] paste this:'\necho '${printed}'\nexit 1\n`,
    )
    await chmod(join(folder, 'bin/pm2'), 0o755)
    const env = { ...plainEnv, PATH: [join(folder, 'bin'), plainEnv.PATH].join(delimiter), HOME: folder }
    const told = (home: string) =>
      registerAtBoot({ home, env, clock: systemClock, signal: new AbortController().signal })
    await mkdir(join(folder, '.pm2'))
    await mkdir(join(folder, 'other'))
    expect(await told(join(folder, '.pm2'))).toMatchObject({
      isDone: false,
      output: expect.stringContaining(printed),
    })
    const { output } = await told(join(folder, 'other'))
    expect(output).toContain(
      `\nsudo env PM2_HOME='${folder}/other' PATH=$PATH:/usr/bin /usr/lib/node_modules/pm2/bin/pm2 startup systemd -u ann\n`,
    )
  } finally {
    await removeFolder(folder)
  }
})
