import { type EditorPlace, schemaGlobs } from './place.ts'

const first =
  '-- reconcile: begin (made by `reconcile init --editor`; what stands between these lines is replaced)'
const last = '-- reconcile: end'

/** Lua cannot be merged: what is ours stands between two lines, and everything else is left alone. */
export function neovimBlock(there: string | undefined, place: EditorPlace): string {
  const entries = Object.entries(schemaGlobs(place)).map(
    ([schema, globs]) =>
      `        [root .. ${quoted(schema.slice(1))}] = { ${globs.map(quoted).join(', ')} },`,
  )
  const block = [
    first,
    'do',
    "  local root = vim.fs.dirname(vim.fs.abspath(debug.getinfo(1, 'S').source:sub(2)))",
    "  vim.lsp.config('yamlls', {",
    '    settings = {',
    '      yaml = { schemas = {',
    ...entries,
    '      } },',
    '    },',
    '  })',
    'end',
    last,
  ].join('\n')
  const text = there ?? ''
  const start = text.indexOf(first.slice(0, '-- reconcile: begin'.length))
  const end = start < 0 ? -1 : text.indexOf(last, start)
  if (end >= 0) return text.slice(0, start) + block + text.slice(end + last.length)
  const gap = text === '' || text.endsWith('\n') ? '' : '\n'
  return `${text}${gap}${text === '' ? '' : '\n'}${block}\n`
}

function quoted(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`
}
