import { functionSetAdapter } from './function-set-adapter.ts'
import { describeConformance } from './suite.ts'

describeConformance(functionSetAdapter)
