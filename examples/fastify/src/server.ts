import { runSchool } from '@examples/school'
import { start } from './start.ts'

await runSchool(() => start({ logger: true }))
