import { describeHttpApi, overSocket } from '@examples/school/testing'
import { start } from '../src/start.ts'

describeHttpApi('Express', async options => overSocket(await start(options)))
