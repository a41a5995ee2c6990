import type { SecretMask } from '../core/secret-mask.ts'
import { looksLikeSecret, looksLikeToken, namesSecret, tokensIn } from '../core/token-shape.ts'
import type { Draft } from './draft.ts'
import type { Layered } from './environment.ts'
import { isSecretPlace } from './schema-walk.ts'
import { formatPath, type Tree, walkTree } from './tree.ts'

/** Warns of secrets in the manifest itself. The value is never repeated, also where it stands elsewhere as well. */
export function checkLiterals(document: Layered, faults: Draft['faults'], mask?: SecretMask): void {
  for (const { path, secrets } of literalSecretsOf(document)) {
    for (const secret of secrets) mask?.add(secret)
    faults.add(path, {
      code: 'literal-secret',
      message: `\`${formatPath(path)}\` holds what looks like a secret`,
      hint: 'Use a reference such as { fromEnv: NAME }, and revoke the secret if it was committed.',
    })
  }
}

interface LiteralSecret {
  readonly path: readonly string[]
  /** What of the text must not be shown. */
  readonly secrets: readonly string[]
}

/** By the tree, which stays the same where the text does: a controller reads a thousand manifests for each one saved. */
const knownLiterals = new WeakMap<Tree, readonly LiteralSecret[]>()

function literalSecretsOf({ root, kind }: Layered): readonly LiteralSecret[] {
  const known = knownLiterals.get(root)
  if (known) return known
  const found: LiteralSecret[] = []
  walkTree(root, (tree, path) => {
    if (tree.type !== 'scalar' || typeof tree.value !== 'string' || tree.encrypted) return undefined
    if (!isLiteralSecret(kind, path, tree.value)) return undefined
    const whole = namesSecret(nameOfLiteral(path)) ? [tree.value] : []
    found.push({ path, secrets: [...tokensIn(tree.value), ...whole] })
    return undefined
  })
  knownLiterals.set(root, found)
  return found
}

/** What the value is called: a `default` by its variable. */
function nameOfLiteral(path: readonly string[]): string {
  return (path.at(-1) === 'default' ? path.at(-2) : path.at(-1)) ?? ''
}

function isLiteralSecret(kind: string, path: readonly string[], text: string): boolean {
  if (path.at(-1)?.startsWith('from')) return false
  if (isSecretPlace(kind, path)) return looksLikeSecret(nameOfLiteral(path), text)
  return looksLikeToken(text)
}
