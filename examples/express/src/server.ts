import { runSchool } from '@examples/school'
import { start } from './start.ts'

await runSchool(() => start({ log: line => process.stdout.write(`${line}\n`) }))
