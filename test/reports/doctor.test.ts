import { describe, expect, test } from 'vitest'
import { type DoctorFinding, doctorDocument, doctorText } from '../../src/reports/doctor-text.ts'
import { ansi } from '../../src/reports/style.ts'
import { yamlText } from '../../src/reports/yaml-text.ts'
import { expectPrintable, expectWithin } from './printed.ts'

const findings: readonly DoctorFinding[] = [
  { check: 'node', verdict: 'fine', message: 'Node v24.21.0', cure: undefined },
  {
    check: 'files',
    verdict: 'warning',
    message: 'open files a process: 1024, and 4096 are advisable',
    cure: 'raise it with `ulimit -n 4096` before the daemon starts, or by LimitNOFILE in its systemd unit',
  },
  {
    check: 'manifests',
    verdict: 'error',
    message: '2 errors in the manifests',
    cure: '`reconcile check` names each with its place',
  },
  {
    check: 'github',
    verdict: 'unknown',
    message: 'api.github.com could not be reached, so nothing is known of the token in GITHUB_TOKEN',
    cure: "look at the network, a proxy, or the vendor's status page",
  },
  {
    check: 'rival-process',
    verdict: 'warning',
    message:
      'the PM2 process mas\u001b[31mter acts on PM2 itself: /srv/acme/scripts/master.js:17 calls `pm2 restart`',
    cure: '`pm2 delete master` once everything that it looks after is declared',
  },
]

describe.each([80, 200])('on a page of %i columns', (width) => {
  test('what doctor found reads as it should', async () => {
    const text = doctorText(findings, { width })
    expectPrintable(text)
    expectWithin(text, width)
    await expect(text).toMatchFileSnapshot(`./goldens/doctor-${width}.txt`)
  })
})

test('what doctor found, as YAML and JSON, reads as it should', async () => {
  await expect(yamlText(doctorDocument(findings))).toMatchFileSnapshot('./goldens/doctor.yaml')
})

test('where nothing is wrong it says so in one line', () => {
  const fine = findings.slice(0, 1)
  expect(doctorText(fine, { width: 80 })).toBe(
    'ok       node  Node v24.21.0\n\nEverything is in order. Nothing was changed.\n',
  )
})

test('colours are there only when asked for', () => {
  expect(doctorText(findings, { width: 80, style: ansi })).toContain('\u001b[31merror')
})
