import { expect, test } from 'vitest'
import { conflictAmong } from '../../../src/reconcilers/process/claim.ts'
import { record } from './model.ts'

test.each<[string, readonly Parameters<typeof record>[0][], string | undefined]>([
  ['instances of one program are no conflict', [{}, {}], undefined],
  [
    'different programs',
    [{ pm_exec_path: '/srv/a.mjs' }, { pm_exec_path: '/srv/b.mjs', pm_cwd: '/srv' }],
    '2 processes have that name and run different programs: /srv/a.mjs (number 0), /srv/b.mjs (number 1)',
  ],
  [
    'one program in different folders: what they have in common tells nobody which is which',
    [{}, { pm_cwd: '/home/u' }],
    '2 processes have that name and run in different folders: /srv/manifests (number 0), /home/u (number 1)',
  ],
  [
    'different namespaces',
    [{ namespace: 'a' }, { namespace: 'b' }],
    '2 processes have that name in different namespaces: a (number 0), b (number 1)',
  ],
])('a conflict names what tells those of one name apart: %s', (_, fields, conflict) => {
  expect(conflictAmong(fields.map(record), undefined)).toBe(conflict)
})
