import type { DoctorFinding } from '../../reports/doctor-text.ts'
import { examineGithub } from './github.ts'
import { examineNetlify } from './netlify.ts'
import type { Examination } from './vendor-findings.ts'

/** The credentials of the vendors that the manifests need, what they may see of it, and the vendors' clocks against ours. */
export async function examineVendors(examination: Examination): Promise<readonly DoctorFinding[]> {
  const { needs } = examination
  const findings = await Promise.all([
    needs.github ? examineGithub(examination) : [],
    needs.netlify ? examineNetlify(examination) : [],
  ])
  return findings.flat()
}
