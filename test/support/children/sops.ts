import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { SopsFault, sopsCodes, sopsDecrypt } from '../sops.ts'

/* `sops -d --input-type yaml --output-type yaml FILE`, with the keys that the real one would find. */

const { env } = process
if (env.SOPS_CALLS) appendFileSync(env.SOPS_CALLS, `${process.argv.slice(2).join(' ')}\n`)
if (env.SOPS_DELAY) await sleep(Number(env.SOPS_DELAY))
try {
  const file = process.argv[7] ?? ''
  const isAsked = process.argv.slice(2, 7).join(' ') === '-d --input-type yaml --output-type yaml'
  if (!isAsked || file === '') throw new SopsFault(sopsCodes.noFile, 'Error: no file specified')
  if (!existsSync(file))
    throw new SopsFault(sopsCodes.unreadable, `Error: cannot operate on non-existent file "${file}"`)
  process.stdout.write(sopsDecrypt(readFileSync(file, 'utf8'), identities()))
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = error instanceof SopsFault ? error.code : sopsCodes.generic
}

function identities(): readonly string[] {
  const usual = join(env.XDG_CONFIG_HOME ?? join(env.HOME ?? '', '.config'), 'sops/age/keys.txt')
  const files = [env.SOPS_AGE_KEY_FILE ?? usual].filter((file) => existsSync(file))
  const texts = [env.SOPS_AGE_KEY ?? '', ...files.map((file) => readFileSync(file, 'utf8'))]
  return texts.flatMap((text) => text.split('\n')).filter((line) => line.startsWith('AGE-SECRET-KEY-1'))
}
