// Adds up what the test runners reported, in one closing line. Ends with 1 if anything failed, or if nothing ran.
import { readFileSync } from 'node:fs'

const totals = { passed: 0, failed: 0 }
for (const file of process.argv.slice(2)) {
  const report = JSON.parse(readFileSync(file, 'utf8'))
  totals.passed += report.numPassedTests
  totals.failed += report.numFailedTests
}
console.log(`${totals.passed} passed, ${totals.failed} failed`)
process.exitCode = totals.failed > 0 || totals.passed === 0 ? 1 : 0
