import { join } from 'node:path'
import { openStore } from 'lms-conferencing/sql'
import { describeStore } from '../../src/testing/index.ts'
import { temporaryDirectory } from './support.ts'

describeStore({ name: 'SQLite file', open: () => openStore(`sqlite:${join(temporaryDirectory(), 'lms.db')}`) })
describeStore({ name: 'SQLite in memory', open: () => openStore('sqlite::memory:', { tablePrefix: '_' }) })
