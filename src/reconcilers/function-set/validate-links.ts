import { lstat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Bounds, Report } from '../../core/reconciler.ts'
import type { Resource } from '../../core/resource.ts'
import type { Directory } from './directory.ts'
import { directoryOf } from './place.ts'
import { projectRootOf } from './project.ts'
import type { FunctionSetSpec } from './spec.generated.ts'

/**
 * Functions, and a netlify.toml, that are links out of the fleet root: a manifest must not make the program show or publish
 * what lies elsewhere on the machine. Resolves to whether there are none.
 */
export async function checkLinks(
  desired: Resource<FunctionSetSpec>,
  { functions }: Directory,
  { report, bounds }: { readonly report: Report; readonly bounds: Bounds },
): Promise<boolean> {
  const directory = directoryOf(desired)
  const leadsOut = async (file: string) => !(await bounds.contain(join(directory, file)))
  const isOut = await Promise.all(functions.map(({ file }) => leadsOut(file)))
  const out = functions.filter((_, index) => isOut[index]).map(({ file }) => file)
  const toml = join(await projectRootOf(directory), 'netlify.toml')
  // A project may lie around the fleet root; only a link is somebody's wish to have something else read.
  if ((await isLink(toml)) && !(await bounds.contain(toml))) out.push('netlify.toml')
  for (const name of out) {
    report({
      severity: 'error',
      code: 'function-set-outside-root',
      path: '/spec/directory',
      message: `${name} is a link that leads out of the fleet root`,
      hint: 'Put the file itself there, or allow the folder that it leads to in the Fleet and by `--allow-path`.',
    })
  }
  return out.length === 0
}

function isLink(path: string): Promise<boolean> {
  return lstat(path).then(
    (stats) => stats.isSymbolicLink(),
    () => false,
  )
}
