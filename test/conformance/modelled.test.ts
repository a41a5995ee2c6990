import { dispatchAdapter, modelAdapter } from './modelled-adapters.ts'
import { describeConformance } from './suite.ts'

describeConformance(modelAdapter)
describeConformance(dispatchAdapter)
