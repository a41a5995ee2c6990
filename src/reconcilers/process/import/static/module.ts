import { readFileSync, statSync } from 'node:fs'
import { dirname, extname, resolve } from 'node:path'
import { type ImportDeclaration, type Program, parse } from 'acorn'
import { moduleNamed } from './builtins.ts'
import { evaluate } from './evaluate.ts'
import { type Budget, placeOf, type Reading } from './reading.ts'
import { missingFile, SourceError } from './source-error.ts'
import { runBody } from './statements.ts'
import { Scope, type Static, unknown } from './value.ts'
import { readYaml } from './yaml.ts'

const limits = Object.freeze({
  /** Bytes of one file. */
  bytes: 1024 * 1024,
  /** How many files deep `require` is followed. */
  depth: 10,
  /** Steps of all files of one import together: milliseconds of work. */
  steps: 200_000,
})

/** What a configuration file exports, read and never run. Throws `SourceError`. */
export function readStatically(file: string): Static {
  try {
    return readFile(file, { trail: [], budget: { steps: limits.steps, depth: 0 } })
  } catch (error) {
    // The parser, too, goes one call deeper for each bracket.
    if (error instanceof RangeError) throw new SourceError('it is nested too deep', { file, line: undefined })
    throw error
  }
}

interface Trail {
  readonly trail: readonly string[]
  readonly budget: Budget
}

function readFile(file: string, { trail, budget }: Trail): Static {
  const text = textOf(file)
  const ending = extname(file)
  if (ending === '.yaml' || ending === '.yml') return readYaml(file, text)
  const requireFile = (specifier: string): Static | undefined => {
    const path = findFile(resolve(dirname(file), specifier))
    if (path === undefined || trail.includes(path) || trail.length >= limits.depth) return undefined
    return readFile(path, { trail: [...trail, file], budget })
  }
  const reading: Reading = { file, requireFile, budget, evaluate, run: runBody }
  if (ending === '.json') return evaluateJson(text, reading)
  return runModule(parseProgram(text, file), reading)
}

function textOf(file: string): string {
  const place = { file, line: undefined }
  try {
    const found = statSync(file)
    if (!found.isFile()) throw new SourceError('it is no regular file', place)
    if (found.size <= limits.bytes) return readFileSync(file, 'utf8').replace(/^\uFEFF/, '')
  } catch (error) {
    if (error instanceof SourceError) throw error
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
    if (code === 'ENOENT') throw missingFile(file)
    throw new SourceError(`the file cannot be read: ${code}`, place)
  }
  throw new SourceError('the file is larger than 1 MiB', place)
}

/** As Node finds what `require` names. */
function findFile(path: string): string | undefined {
  const candidates = ['', '.js', '.cjs', '.json', '.mjs', '/index.js'].map((ending) => path + ending)
  return candidates.find((candidate) => statSync(candidate, { throwIfNoEntry: false })?.isFile())
}

const syntax = {
  ecmaVersion: 'latest',
  locations: true,
  allowHashBang: true,
  allowReturnOutsideFunction: true,
} as const

function parseProgram(text: string, file: string): Program {
  try {
    return parse(text, { ...syntax, sourceType: 'module', allowAwaitOutsideFunction: true })
  } catch (error) {
    // Sloppy code is no module; if it is not even that, this is the fault to tell.
    return orSourceError(file, () => parse(text, { ...syntax, sourceType: 'script' }), error)
  }
}

function orSourceError<T>(file: string, work: () => T, first?: unknown): T {
  try {
    return work()
  } catch (error) {
    const told = isSyntaxError(first) && isModuleText(first) ? first : error
    if (!isSyntaxError(told)) throw told
    const message = told.message.replace(/ \(\d+:\d+\)$/, '')
    throw new SourceError(`${message} (column ${told.loc.column + 1})`, { file, line: told.loc.line })
  }
}

type SyntaxFault = SyntaxError & { readonly loc: { readonly line: number; readonly column: number } }

function isSyntaxError(error: unknown): error is SyntaxFault {
  return error instanceof SyntaxError && 'loc' in error
}

/** Whether a script could not be meant: its fault comes after an `import` or `export`. */
function isModuleText(fault: SyntaxFault): boolean {
  return !/'with' in strict mode|Octal|strict mode|reserved/.test(fault.message)
}

/** PM2 takes JSON with comments, single quotes and trailing commas: an expression of JavaScript. */
function evaluateJson(text: string, reading: Reading): Static {
  const program = orSourceError(reading.file, () => parse(`(${text}\n)`, { ...syntax, sourceType: 'script' }))
  const [statement] = program.body
  return statement?.type === 'ExpressionStatement'
    ? evaluate(statement.expression, new Scope(), reading)
    : unknown('no value', { file: reading.file, line: 1 })
}

/** What a file exports, by `module.exports`, `exports` or `export`. */
function runModule(program: Program, reading: Reading): Static {
  const at = { file: reading.file, line: 1 }
  const scope = new Scope()
  const exported: Static = { type: 'map', entries: new Map(), at }
  const module: Static = { type: 'map', entries: new Map([['exports', exported]]), at }
  scope.declare('module', module)
  scope.declare('exports', exported)
  for (const step of program.body) if (step.type === 'ImportDeclaration') bindImport(step, scope, reading)
  // Declarations stand before what uses them, exported or not.
  const steps = program.body.map((step) =>
    step.type === 'ExportNamedDeclaration' && step.declaration ? step.declaration : step,
  )
  runBody(steps, scope, reading)
  const entries = module.type === 'map' ? module.entries : new Map<string, Static>()
  const result = entries.get('exports') ?? exported
  for (const step of program.body) {
    if (step.type === 'ExportDefaultDeclaration' && isExpression(step.declaration)) {
      return evaluate(step.declaration, scope, reading)
    }
    if (step.type === 'ExportNamedDeclaration' && result.type === 'map') {
      for (const name of exportedNames(step)) {
        const value = scope.get(name)
        if (value) result.entries.set(name, value)
      }
    }
  }
  return result
}

type Exported = Extract<Program['body'][number], { type: 'ExportDefaultDeclaration' }>['declaration']

function isExpression(
  node: Exported,
): node is Exclude<Exported, { type: 'FunctionDeclaration' | 'ClassDeclaration' }> {
  return node.type !== 'FunctionDeclaration' && node.type !== 'ClassDeclaration'
}

function exportedNames(
  step: Extract<Program['body'][number], { type: 'ExportNamedDeclaration' }>,
): readonly string[] {
  const declared = step.declaration?.type === 'VariableDeclaration' ? step.declaration.declarations : []
  const names = declared.flatMap(({ id }) => (id.type === 'Identifier' ? [id.name] : []))
  const listed = step.specifiers.flatMap(({ local }) => (local.type === 'Identifier' ? [local.name] : []))
  return [...names, ...listed]
}

function bindImport(step: ImportDeclaration, scope: Scope, reading: Reading): void {
  const at = placeOf(step, reading)
  const specifier = String(step.source.value)
  const module =
    moduleNamed(specifier, at) ??
    (/^\.{0,2}\//.test(specifier) ? reading.requireFile(specifier) : undefined) ??
    unknown(`the module ${specifier}`, at)
  for (const each of step.specifiers) {
    if (each.type !== 'ImportSpecifier') {
      scope.declare(each.local.name, module)
      continue
    }
    const name = each.imported.type === 'Identifier' ? each.imported.name : String(each.imported.value)
    const value =
      module.type === 'builtin'
        ? ({ type: 'builtin', name: `${module.name}.${name}`, at } as const)
        : module.type === 'map'
          ? (module.entries.get(name) ?? unknown(`${name} of ${specifier}`, at))
          : unknown(`${name} of ${specifier}`, at)
    scope.declare(each.local.name, value)
  }
}
