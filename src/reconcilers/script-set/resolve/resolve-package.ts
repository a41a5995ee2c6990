import { isCommentKey } from '../package-json/comment-key.ts'
import type { PackageFile } from '../package-json/package-file.ts'
import type { ScriptFinding } from './finding.ts'
import { lifecycleScripts, noHooks } from './hook-names.ts'
import { resolveScript } from './resolve-script.ts'
import { findCycles, type RunGraph } from './run-graph.ts'
import { type PackagePlace, Surroundings } from './surroundings.ts'

/** What became of looking at every script of a package. */
export interface Resolution {
  /** In the order of the scripts. */
  readonly findings: readonly ScriptFinding[]
  readonly graph: RunGraph
}

/**
 * Resolves every script of a package: what each command needs is looked for, and how the scripts hang together is
 * judged. Runs nothing.
 */
export async function resolvePackage(place: PackagePlace): Promise<Resolution> {
  const file = withoutComments(place.file)
  const surroundings = new Surroundings({ ...place, file })
  // Folders of packages are listed before anything looks at one of them: then the list answers for both.
  await surroundings.workspaces()
  const names = [...file.scripts.keys()]
  const resolved = await Promise.all(
    [...file.scripts].map(async ([script, text]) => ({
      script,
      ...(await resolveScript({ ...place, file, surroundings }, script, text)),
    })),
  )
  const graph = new Map(resolved.map(({ script, runs }) => [script, withHooks(runs, file)]))
  const cycles = findCycles(graph)
  const found = new Map(resolved.map(({ script, findings }) => [script, [...findings]]))
  for (const [script, way] of cycles) {
    found.get(script)?.push({ script, code: 'Cycle', message: `runs itself: ${way.join(' -> ')}` })
  }
  for (const finding of [...repeats(file), ...sameCommands(file), ...orphans(file, graph)]) {
    const list = found.get(finding.script)
    if (list) list.push(finding)
    else found.set(finding.script, [finding])
  }
  const order = [...names, ...[...found.keys()].filter((name) => !file.scripts.has(name))]
  return { findings: order.flatMap((name) => found.get(name) ?? []), graph }
}

/** What says by its name that it is a comment is none of the scripts. */
function withoutComments(file: PackageFile): PackageFile {
  const scripts = new Map([...file.scripts].filter(([name]) => !isCommentKey(name)))
  return { ...file, scripts, odd: file.odd.filter((name) => !isCommentKey(name)) }
}

/** npm runs `pre` and `post` scripts with a script, and so does what it runs. */
function withHooks(runs: ReadonlyMap<string, boolean>, file: PackageFile): ReadonlySet<string> {
  const all = new Set<string>()
  for (const [name, hasHooks] of runs) {
    for (const one of hasHooks ? [`pre${name}`, name, `post${name}`] : [name]) {
      if (file.scripts.has(one)) all.add(one)
    }
  }
  return all
}

function repeats(file: PackageFile): readonly ScriptFinding[] {
  return [
    ...file.repeated.map(
      (name): ScriptFinding => ({
        script: name,
        code: 'DuplicateKey',
        message: `\`${name}\` stands twice in package.json; npm takes the last one`,
      }),
    ),
    ...file.odd.map(
      (name): ScriptFinding => ({
        script: name,
        code: 'SyntaxError',
        message: 'its value is no text, so that npm cannot run it',
      }),
    ),
  ]
}

function sameCommands(file: PackageFile): readonly ScriptFinding[] {
  const first = new Map<string, string>()
  const findings: ScriptFinding[] = []
  for (const [script, text] of file.scripts) {
    const command = text.trim()
    const other = first.get(command)
    if (other === undefined) first.set(command, script)
    else if (command !== '')
      findings.push({ script, code: 'SameCommand', message: `is the same command as \`${other}\`` })
  }
  return findings
}

/** `prebuild` without `build`, unless it is one of npm's own moments, a word, or run by its name. */
function orphans(file: PackageFile, graph: RunGraph): readonly ScriptFinding[] {
  const isRun = new Set([...graph.values()].flatMap((runs) => [...runs]))
  return [...file.scripts.keys()].flatMap((script): ScriptFinding[] => {
    const [, hook, of] = /^(pre|post)([a-z].*)$/.exec(script) ?? []
    if (hook === undefined || of === undefined || file.scripts.has(of)) return []
    const word = /^[a-z]+/.exec(script)?.[0] ?? ''
    if (lifecycleScripts.has(script) || noHooks.has(word) || isRun.has(script)) return []
    return [{ script, code: 'OrphanHook', message: `hooks onto a script \`${of}\` that does not exist` }]
  })
}
