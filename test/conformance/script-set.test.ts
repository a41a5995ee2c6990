import { scriptSetAdapter } from './script-set-adapter.ts'
import { describeConformance } from './suite.ts'

describeConformance(scriptSetAdapter)
