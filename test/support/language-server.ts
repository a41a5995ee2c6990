import { type ChildProcess, spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'

const packageFile = createRequire(import.meta.url).resolve('yaml-language-server/package.json')
const program = join(dirname(packageFile), 'bin/yaml-language-server')

/** Whoever connects anywhere ends: what an editor shows must not need a network. */
const offline =
  'data:text/javascript,import net from "node:net"; net.Socket.prototype.connect = () => { throw new Error("no network here") }'

/** What an editor underlines, with line and column from 1. */
export interface Underlined {
  readonly at: string
  readonly message: string
}

interface Message {
  readonly id?: number
  readonly method?: string
  readonly params?: unknown
  readonly result?: unknown
}

/** The language server that VS Code, Zed and Neovim have for YAML, driven as they drive it. */
export class LanguageServer {
  readonly #child: ChildProcess
  readonly #settings: unknown
  readonly #answers = new Map<number, (result: unknown) => void>()
  readonly #told = new Map<string, (found: unknown) => void>()
  #buffer = Buffer.alloc(0)
  #next = 1

  private constructor(settings: unknown) {
    this.#settings = settings
    this.#child = spawn(process.execPath, ['--import', offline, program, '--stdio'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    this.#child.stdout?.on('data', (chunk: Buffer) => this.#read(chunk))
  }

  /** `settings`: what stands under `yaml` in the settings of the editor. */
  static async open(root: string, settings: unknown): Promise<LanguageServer> {
    const server = new LanguageServer(settings)
    const uri = pathToFileURL(root).href
    await server.#ask('initialize', {
      processId: process.pid,
      rootUri: uri,
      workspaceFolders: [{ uri, name: 'fleet' }],
      capabilities: { textDocument: { hover: {}, completion: {} }, workspace: { configuration: true } },
    })
    server.#send({ method: 'initialized', params: {} })
    server.#send({ method: 'workspace/didChangeConfiguration', params: { settings: { yaml: settings } } })
    return server
  }

  /** Opens a file with this text, and gives what is underlined in it. */
  async show(path: string, text: string): Promise<readonly Underlined[]> {
    const uri = pathToFileURL(path).href
    const told = new Promise((resolve) => this.#told.set(uri, resolve))
    this.#send({
      method: 'textDocument/didOpen',
      params: { textDocument: { uri, languageId: 'yaml', version: 1, text } },
    })
    const found = (await told) as { range: { start: { line: number; character: number } }; message: string }[]
    return found.map(({ range: { start }, message }) => ({
      at: `${start.line + 1}:${start.character + 1}`,
      message,
    }))
  }

  /** What it says of what stands at a place: line and column from 1. */
  async hover(path: string, line: number, column: number): Promise<string> {
    const result = (await this.#ask('textDocument/hover', placeOf(path, line, column))) as {
      contents?: { value?: string } | string
    } | null
    const { contents = '' } = result ?? {}
    return typeof contents === 'string' ? contents : (contents.value ?? '')
  }

  /** What it offers at a place. */
  async complete(path: string, line: number, column: number): Promise<readonly string[]> {
    const result = (await this.#ask('textDocument/completion', placeOf(path, line, column))) as {
      items: { label: string }[]
    }
    return result.items.map(({ label }) => label)
  }

  close(): void {
    this.#child.kill('SIGKILL')
  }

  #ask(method: string, params: unknown): Promise<unknown> {
    const id = this.#next++
    const answer = new Promise((resolve) => this.#answers.set(id, resolve))
    this.#send({ id, method, params })
    return answer
  }

  #send(message: Message): void {
    const text = JSON.stringify({ jsonrpc: '2.0', ...message })
    this.#child.stdin?.write(`Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`)
  }

  #read(chunk: Buffer): void {
    this.#buffer = Buffer.concat([this.#buffer, chunk])
    for (;;) {
      const head = this.#buffer.indexOf('\r\n\r\n')
      if (head < 0) return
      const length = Number(/Content-Length: (\d+)/.exec(this.#buffer.subarray(0, head).toString())?.[1])
      const end = head + 4 + length
      if (this.#buffer.length < end) return
      const message = JSON.parse(this.#buffer.subarray(head + 4, end).toString()) as Message
      this.#buffer = this.#buffer.subarray(end)
      this.#hear(message)
    }
  }

  #hear({ id, method, params, result }: Message): void {
    if (method === 'textDocument/publishDiagnostics') {
      const { uri, diagnostics } = params as { uri: string; diagnostics: unknown }
      this.#told.get(uri)?.(diagnostics)
    } else if (method !== undefined && id !== undefined) {
      const items = (params as { items?: { section?: string }[] } | undefined)?.items ?? []
      const answer = items.map(({ section }) => (section === 'yaml' ? this.#settings : {}))
      this.#send({ id, result: method === 'workspace/configuration' ? answer : null })
    } else if (id !== undefined) this.#answers.get(id)?.(result)
  }
}

function placeOf(path: string, line: number, column: number) {
  return {
    textDocument: { uri: pathToFileURL(path).href },
    position: { line: line - 1, character: column - 1 },
  }
}
