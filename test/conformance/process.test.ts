import { pm2Versions } from '../support/pm2.ts'
import { processAdapter } from './process-adapter.ts'
import { describeConformance } from './suite.ts'

for (const version of pm2Versions) describeConformance(processAdapter(version))
