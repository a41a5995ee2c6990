import { createHash } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { ReconcileError } from '../../core/errors.ts'
import type { SignaturePolicy } from '../../core/source.ts'
import { type GitPlace, inside } from './repository.ts'
import { askGit, runGit } from './run.ts'

/**
 * Why a commit does not bear the signature that it must; undefined: it does. What the repository says of trust counts
 * for nothing: keys come from a file outside of it, or from the user's own keyring.
 */
export async function whyNotSigned(
  place: GitPlace,
  commit: string,
  policy: SignaturePolicy,
): Promise<string | undefined> {
  if (policy.type === 'ssh') await assertReadable(policy.allowedSigners)
  const text = await askGit(inside(place, ['cat-file', 'commit', commit]))
  const header = text.slice(0, text.indexOf('\n\n'))
  if (!/^gpgsig(-sha256)? /m.test(header)) return 'it is not signed'
  const settings =
    policy.type === 'ssh'
      ? [
          `gpg.ssh.allowedSignersFile=${policy.allowedSigners}`,
          // Who wants keys of this file alone trusts no keyring.
          'gpg.program=false',
          'gpg.x509.program=false',
        ]
      : []
  const args = ['gpg.minTrustLevel=fully', ...settings].flatMap((setting) => ['-c', setting])
  const { code, complaint } = await runGit(inside(place, [...args, 'verify-commit', commit]))
  if (code === 0) return undefined
  return `its signature is not by a key that is trusted${complaint === '' ? '' : ` (${complaint})`}`
}

/**
 * Says whether a policy is another than before: of a file of signers what is in it, since a name that is taken out of it
 * vouches for nothing any more. Rejects where there is none.
 */
export async function fingerprintOf(policy: SignaturePolicy): Promise<string> {
  if (policy.type === 'gpg') return 'gpg'
  await assertReadable(policy.allowedSigners)
  return `ssh:${createHash('sha256')
    .update(await readFile(policy.allowedSigners))
    .digest('hex')}`
}

async function assertReadable(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined)
  if (found?.isFile()) return
  throw new ReconcileError('UsageInvalid', `Cannot check signatures: the file ${path} does not exist`, {
    hint: 'It lists who may sign, as `ssh-keygen` wants it: a line `NAME KEYTYPE KEY` for each.',
  })
}
