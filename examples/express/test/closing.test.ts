import { describeClosing } from '@examples/school/testing'
import { start } from '../src/start.ts'

describeClosing('Express', start)
