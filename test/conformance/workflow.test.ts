import { describeConformance } from './suite.ts'
import { workflowAdapter } from './workflow-adapter.ts'

describeConformance(workflowAdapter)
