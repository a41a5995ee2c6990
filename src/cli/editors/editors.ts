import { jetbrainsMapping } from './jetbrains.ts'
import { Settings } from './jsonc.ts'
import { neovimBlock } from './neovim.ts'
import { type EditorPlace, schemaGlobs } from './place.ts'

/** A file of an editor, and what it is to hold beside what stands there. */
export interface EditorFile {
  /** Relative to the root. */
  readonly path: string
  /** Of what it holds now, undefined where it does not exist, makes what it is to hold. Throws where it cannot. */
  readonly merge: (there: string | undefined, place: EditorPlace) => string
}

/** The extension that brings the YAML language server to VS Code. */
const yamlExtension = 'redhat.vscode-yaml'

/** By the name that `--editor` takes. */
const files: Readonly<Record<string, readonly EditorFile[]>> = Object.freeze({
  vscode: [
    {
      path: '.vscode/settings.json',
      merge: (there, place) => {
        const settings = new Settings('.vscode/settings.json', there)
        for (const [schema, globs] of Object.entries(schemaGlobs(place)).reverse()) {
          settings.setDefault(['yaml.schemas', schema], globs)
        }
        return settings.text
      },
    },
    {
      path: '.vscode/extensions.json',
      merge: (there) => {
        const settings = new Settings('.vscode/extensions.json', there)
        settings.addTo(['recommendations'], yamlExtension)
        return settings.text
      },
    },
  ],
  zed: [
    {
      path: '.zed/settings.json',
      merge: (there, place) => {
        const settings = new Settings('.zed/settings.json', there)
        const schemas = ['lsp', 'yaml-language-server', 'settings', 'yaml', 'schemas']
        for (const [schema, globs] of Object.entries(schemaGlobs(place)).reverse()) {
          settings.setDefault([...schemas, schema], globs)
        }
        return settings.text
      },
    },
  ],
  neovim: [{ path: '.nvim.lua', merge: neovimBlock }],
  jetbrains: [{ path: '.idea/jsonSchemas.xml', merge: jetbrainsMapping }],
})

/** The files of one editor, or of all. */
export function filesOf(choice: string): readonly EditorFile[] {
  return choice === 'all' ? Object.values(files).flat() : (files[choice] ?? [])
}
