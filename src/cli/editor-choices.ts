/** What `init --editor` takes. */
export const editorChoices: readonly string[] = Object.freeze(['vscode', 'zed', 'neovim', 'jetbrains', 'all'])
