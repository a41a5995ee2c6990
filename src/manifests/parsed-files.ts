/**
 * Manifests as they were parsed the last time: who reads a folder again and again parses, and validates, only what is
 * another text by now. Each text is read anew, so that nothing depends on a file's time or size. Of one program, whose
 * kinds are always the same.
 */
export class ParsedFiles<File extends { readonly path: string; readonly text: string | undefined }> {
  #files: ReadonlyMap<string, File> = new Map()

  find(path: string, text: string): File | undefined {
    const known = this.#files.get(path)
    return known?.text === text ? known : undefined
  }

  /** Keeps these for the next reading, and forgets all others. */
  keep(files: readonly File[]): void {
    this.#files = new Map(files.map((file) => [file.path, file]))
  }
}
