import { basename, join, resolve } from 'node:path'
import { assertNever } from '../../../core/assert-never.ts'
import { programOf, understand } from '../needs/call-needs.ts'
import type { FileNeed, Need, ScriptNeed, ScriptPlace } from '../needs/need.ts'
import type { HandedCall } from '../needs/understanding.ts'
import type { Assurance, CommandLine } from '../shell/call.ts'
import { readCommandLine } from '../shell/command-line.ts'
import { pathIn } from '../shell/file-tests.ts'
import { isAssured, isMadeExecutable } from '../shell/made-paths.ts'
import { shorten } from '../shell/words.ts'
import { isProgramLink } from './file-facts.ts'
import type { FindingCode, ScriptFinding } from './finding.ts'
import { findingOfHabit } from './habit-finding.ts'
import { findTarget, scriptLike, scriptsMeant, type Target } from './script-target.ts'
import { sideEffectOf } from './side-effects.ts'
import type { PackagePlace, Surroundings } from './surroundings.ts'

/** Commands that hand on commands, at most this deep: more is a riddle, not a script. */
const deepestNesting = 12

export interface ScriptPlaces extends PackagePlace {
  readonly surroundings: Surroundings
}

export interface ResolvedScript {
  readonly findings: readonly ScriptFinding[]
  /** Scripts of the same package that it runs, and whether their hooks run with them. */
  readonly runs: ReadonlyMap<string, boolean>
}

/** Looks for everything that one script needs. */
export async function resolveScript(
  places: ScriptPlaces,
  script: string,
  text: string,
): Promise<ResolvedScript> {
  const work = new ScriptWork(places, script)
  await work.line(readCommandLine({ text, folder: '.' }), 0)
  return { findings: work.findings, runs: work.runs }
}

class ScriptWork {
  readonly findings: ScriptFinding[] = []
  readonly runs = new Map<string, boolean>()
  readonly #places: ScriptPlaces
  readonly #script: string
  readonly #told = new Set<string>()

  constructor(places: ScriptPlaces, script: string) {
    this.#places = places
    this.#script = script
  }

  async line(line: CommandLine, depth: number): Promise<void> {
    if (line.fault !== undefined) {
      this.#tell('SyntaxError', `the shell cannot read it: ${shorten(line.fault)}`)
      return
    }
    if (line.isEmpty && depth === 0)
      this.#tell('EmptyCommand', 'is empty: npm runs nothing and reports success')
    for (const { path, assured } of line.entered) await this.#folder(path, assured)
    for (const { path, assured } of line.read)
      await this.#file({ type: 'file', path, folder: '.', how: 'read', by: 'the shell' }, assured)
    for (const habit of line.habits) {
      const { code, message } = findingOfHabit(habit)
      this.#tell(code, message)
    }
    for (const call of line.calls) await this.#call(call, depth)
  }

  async #call(call: HandedCall, depth: number): Promise<void> {
    if (depth > deepestNesting) return
    const effect = sideEffectOf({ ...call, name: programOf(call) })
    if (effect) this.#tell(effect.code, effect.message)
    const { needs, calls, sources } = understand(call)
    for (const need of needs) await this.#need(need, call.assured)
    for (const inner of calls) await this.#call(inner, depth + 1)
    for (const source of sources) await this.line(readCommandLine(source), depth + 1)
  }

  async #need(need: Need, assured: readonly Assurance[]): Promise<void> {
    switch (need.type) {
      case 'program':
        return this.#program(need.name)
      case 'npx':
        return this.#npx(need.name, need.mayFetch)
      case 'file':
        return this.#file(need, assured)
      case 'script':
        return this.#scriptNeed(need, assured)
      case 'script-or-program':
        return this.#scriptOrProgram(need, assured)
      default:
        return assertNever(need)
    }
  }

  async #program(name: string): Promise<void> {
    const { surroundings, file } = this.#places
    const place = await surroundings.find(name)
    if (place.type === 'not-installed') this.#notInstalled(name, place.package)
    if (place.type === 'unreadable') this.#notReadable('program', place)
    if (place.type === 'unknown') {
      const hint = place.package === undefined ? '' : ` (it comes with the package ${place.package})`
      this.#tell('UnknownProgram', `${shorten(name)} is neither a program of a dependency nor on PATH${hint}`)
    }
    if (place.type !== 'dependency' || !place.isOwnTree || place.owner === undefined) return
    if (file.dependencies.has(place.owner) || place.owner === file.name) return
    this.#tell(
      'UndeclaredDependency',
      `${name} is there only because something else needs ${place.owner}, which is no dependency of this package`,
    )
  }

  async #npx(name: string, mayFetch: boolean): Promise<void> {
    const place = await this.#places.surroundings.find(name)
    if (place.type === 'dependency' || place.type === 'system') return
    const shown = shorten(name)
    if (place.type === 'not-installed') this.#notInstalled(name, place.package)
    else if (place.type === 'unreadable') this.#notReadable('program', place)
    else if (mayFetch)
      this.#tell(
        'SideEffect',
        `npx fetches ${shown} from the registry when it runs: it is no dependency, so its version is not fixed`,
      )
    else
      this.#tell('UnknownProgram', `${shown} is no program of a dependency, and npx is told not to fetch it`)
  }

  #notInstalled(name: string, owner: string): void {
    this.#tell(
      'NotInstalled',
      `${shorten(name)} is not installed; its package ${owner} is a dependency: \`npm ci\` brings it`,
    )
  }

  async #folder(folder: string, assured: readonly Assurance[]): Promise<void> {
    if (isAssured(folder, assured)) return
    const path = resolve(this.#places.folder, folder)
    const fact = await this.#places.facts.look(path)
    if (fact.type === 'folder') return
    if (fact.type === 'unreadable') return this.#notReadable('folder', { path, message: fact.message })
    const shown = this.#shown(path)
    if (fact.type !== 'absent') this.#tell('MissingFolder', `the folder ${shown} is not a folder`)
    else if (await this.#places.surroundings.ignored.holds(`${path}/`)) this.#notBuilt(`the folder ${shown}`)
    else this.#tell('MissingFolder', `the folder ${shown} does not exist`)
  }

  async #file(need: FileNeed, assured: readonly Assurance[]): Promise<void> {
    const { facts, surroundings, folder } = this.#places
    const place = pathIn(need.folder, need.path)
    const path = resolve(folder, place)
    if (need.how === 'execute' && isProgramLink(path)) return this.#program(basename(path))
    if (candidatesOf(need, place).some((candidate) => isAssured(candidate, assured))) return
    for (const candidate of candidatesOf(need, path)) {
      const fact = await facts.look(candidate)
      if (fact.type === 'other') return
      if (fact.type === 'unreadable')
        return this.#notReadable('file', { path: candidate, message: fact.message })
      if (fact.type !== 'file') continue
      if (need.how === 'execute' && !fact.isExecutable && !isMadeExecutable(place, assured))
        this.#tell('NotExecutable', `${this.#shown(candidate)} may not be executed: \`chmod +x\` is missing`)
      return
    }
    const shown = this.#shown(path)
    const isFolder = (await facts.look(path)).type === 'folder'
    if (isFolder) this.#tell('MissingFile', `${shown} is a folder, and ${shorten(need.by)} needs a file`)
    else if (await surroundings.ignored.holds(path)) this.#notBuilt(shown)
    else this.#tell('MissingFile', `the file ${shown} does not exist`)
  }

  #notReadable(
    what: 'file' | 'folder' | 'program',
    { path, message }: { readonly path: string; readonly message: string },
  ): void {
    this.#tell('NotReadable', `whether there is a ${what} ${this.#shown(path)} is not known: ${message}`)
  }

  #notBuilt(shown: string): void {
    this.#tell('NotBuilt', `${shown} does not exist, and git ignores it: something has to make it first`)
  }

  async #scriptNeed(need: ScriptNeed, assured: readonly Assurance[]): Promise<void> {
    const target = await this.#target(need.place, assured)
    if (target === undefined) return
    const meant = scriptsMeant(need, target.file)
    const { hooksOf } = need
    const hasHooks = hooksOf !== undefined && (await this.#places.surroundings.runsHooks(hooksOf))
    if (target.isOwn) for (const name of meant) this.#run(name, hasHooks)
    if (meant.length > 0 || need.isOptional) return
    if (need.name === 'restart' && hooksOf === 'npm') {
      // npm does these two in its place.
      await this.#scriptNeed({ ...need, name: 'stop', isOptional: true }, assured)
      return this.#scriptNeed({ ...need, name: 'start' }, assured)
    }
    // `npm start` without a script runs this file; `npm run env` is npm's own.
    const hasServer = (await this.#places.facts.look(join(target.folder, 'server.js'))).type === 'file'
    if ((need.name === 'start' && hasServer) || need.name === 'env') return
    this.#missingScript(need, target)
  }

  async #scriptOrProgram(
    need: Extract<Need, { type: 'script-or-program' }>,
    assured: readonly Assurance[],
  ): Promise<void> {
    const target = await this.#target(need.place, assured)
    if (target === undefined) return
    if (target.file.scripts.has(need.name)) {
      if (target.isOwn) this.#run(need.name, await this.#places.surroundings.runsHooks(need.runner))
      return
    }
    const place = target.isOwn ? await this.#places.surroundings.find(need.name) : undefined
    if (place?.type === 'dependency' || place?.type === 'system') return
    if (place?.type === 'not-installed') this.#notInstalled(need.name, place.package)
    else if (place?.type === 'unreadable') this.#notReadable('program', place)
    else this.#missingScript({ name: need.name, isPattern: false }, target)
  }

  #run(name: string, withHooks: boolean): void {
    this.runs.set(name, withHooks || (this.runs.get(name) ?? false))
  }

  #missingScript({ name, isPattern }: Pick<ScriptNeed, 'name' | 'isPattern'>, target: Target): void {
    const where = target.isOwn ? '' : ` in ${this.#shown(join(target.folder, 'package.json'))}`
    const shown = shorten(name)
    if (isPattern) {
      this.#tell('MissingScript', `no script matches \`${shown}\`${where}`)
      return
    }
    const like = scriptLike(name, target.file.scripts)
    const hint = like === undefined ? '' : `; is \`${like}\` meant?`
    this.#tell('MissingScript', `runs the script \`${shown}\`, which does not exist${where}${hint}`)
  }

  async #target(place: ScriptPlace, assured: readonly Assurance[]): Promise<Target | undefined> {
    const found = await findTarget(place, this.#places)
    switch (found.type) {
      case 'target':
        return found.target
      case 'any':
        return undefined
      case 'no-workspace':
        this.#tell('UnknownWorkspace', `there is no workspace ${shorten(found.name)}`)
        return undefined
      case 'no-folder':
        await this.#folder(found.folder, assured)
        return undefined
      case 'unreadable':
        this.#tell('MissingFile', `${this.#shown(found.folder)} ${found.reason}`)
        return undefined
      default:
        return assertNever(found)
    }
  }

  #shown(path: string): string {
    return shorten(this.#places.surroundings.tell(path))
  }

  #tell(code: FindingCode, message: string): void {
    const key = `${code} ${message}`
    if (this.#told.has(key)) return
    this.#told.add(key)
    this.findings.push({ script: this.#script, code, message })
  }
}

/** What each kind of program adds to a name that it is given. */
const extensions = Object.freeze({
  // Node's CommonJS loader (`Module._findPath`), folders with an index included.
  node: ['', '.js', '.json', '.node', '/index.js', '/package.json'],
  typescript: ['', '.ts', '.tsx', '.mts', '.cts', '.js', '.jsx', '.mjs', '.cjs', '/index.ts', '/index.js'],
  execute: [''],
  read: [''],
})

function candidatesOf(need: FileNeed, path: string): readonly string[] {
  return extensions[need.how].map((extension) => `${path}${extension}`)
}
