import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { withoutSecrets } from '../../../src/manifests/import/secret-literals.ts'

const manifest = (spec: object, metadata: object = { name: 'api' }) => ({
  apiVersion: 'reconcile.dev/v1',
  kind: 'Process',
  metadata,
  spec,
})

describe('a literal that looks like a secret', () => {
  test.each([
    ['API_KEY', 'k-Secret-9', 'its name says so'],
    ['DB_PASSWORD', 'hunter2', 'its name says so, however short it is'],
    ['DB_PASS', 'hunter', 'a short form of the name'],
    ['PGPASSWORD', 'x1', 'written in one word'],
    ['SESSION_SALT', 'Zx81-qw', 'a doubtful name with a value that is no word'],
    ['CACHE', 'redis://default:pw@cache:6379', 'an address with a password in it'],
    ['HARMLESS', `ghp_${'a1B2'.repeat(9)}`, 'the shape of a token, whatever the name'],
  ])('becomes a reference: %s (%s, %s)', (name, value) => {
    const { manifest: clean, found } = withoutSecrets(manifest({ script: '/a.mjs', env: { [name]: value } }))
    expect(clean.spec).toEqual({ script: '/a.mjs', env: { [name]: { fromEnv: name } } })
    expect(found).toEqual([{ path: `spec.env.${name}`, fromEnv: name }])
    expect(JSON.stringify({ clean, found })).not.toContain(value)
  })

  test.each([
    ['LOG_LEVEL', 'info'],
    ['PORT', '3000'],
    ['MAX_TOKENS', '512'],
    ['TOKEN_FILE', '/run/secrets/token'],
    ['AUTH_URL', 'https://auth.example.com/login'],
    ['AUTH_MODE', 'oauth'],
    ['DB_PASSWORD', ''],
  ])('is not seen in %s=%s', (name, value) => {
    const one = manifest({ script: '/a.mjs', env: { [name]: value } })
    expect(withoutSecrets(one)).toEqual({ manifest: one, found: [] })
  })

  test('is taken out of the default of a reference, and the reference stays', () => {
    const env = { API_KEY: { fromEnv: 'ACME_KEY', default: 'k-Secret-9' } }
    const { manifest: clean, found } = withoutSecrets(manifest({ script: '/a.mjs', env }))
    expect(clean.spec).toEqual({ script: '/a.mjs', env: { API_KEY: { fromEnv: 'ACME_KEY' } } })
    expect(found).toEqual([{ path: 'spec.env.API_KEY', fromEnv: 'ACME_KEY' }])
  })

  test.each([
    [['--port', '80', '--password', 'hunter2']],
    [['--api-key=k-Secret-9']],
    [[`https://user:pw@example.com`]],
  ])('takes the whole field with it where the kind has no reference: args %j', (args) => {
    const { manifest: clean, found } = withoutSecrets(manifest({ script: '/a.mjs', args }))
    expect(clean.spec).toEqual({ script: '/a.mjs' })
    expect(found).toEqual([{ path: 'spec.args', fromEnv: undefined }])
  })

  test('takes a label with it, and no other', () => {
    const labels = { tier: 'core', note: `ghp_${'a1B2'.repeat(9)}` }
    const { manifest: clean } = withoutSecrets(manifest({ script: '/a.mjs' }, { name: 'api', labels }))
    expect(JSON.stringify(clean)).not.toContain('ghp_')
  })

  test('is in nothing that comes out, wherever in env it stood', () => {
    const secret = fc.stringMatching(/^[A-Z][a-z]{3}\d{4}[A-Z]{4}[a-z]{4}$/)
    fc.assert(
      fc.property(secret, fc.constantFrom('TOKEN', 'A_SECRET', 'my_password', 'apiKey'), (value, name) => {
        const made = withoutSecrets(
          manifest({ script: '/a.mjs', env: { [name]: value, [`${name}_2`]: value } }),
        )
        expect(JSON.stringify(made)).not.toContain(value)
      }),
    )
  })
})
