import { describeHttpApi, overSocket } from '@examples/school/testing'
import { start } from '../src/start.ts'

describeHttpApi('Fastify', async options => overSocket(await start(options)))
