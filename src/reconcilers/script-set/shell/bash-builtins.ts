/** What bash has built in and a POSIX shell, which npm runs scripts with, may not. */
export const bashBuiltins: ReadonlySet<string> = new Set([
  'builtin',
  'caller',
  'compgen',
  'complete',
  'declare',
  'dirs',
  'disown',
  'enable',
  'let',
  'mapfile',
  'popd',
  'pushd',
  'readarray',
  'shopt',
  'source',
  'typeset',
])
