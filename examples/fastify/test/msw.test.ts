import { describeUnmodified } from '@examples/school/testing'
import { start } from '../src/start.ts'

describeUnmodified('Fastify', start)
