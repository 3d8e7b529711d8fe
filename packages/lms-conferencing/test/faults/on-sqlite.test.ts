import { onSqlite } from '../support/databases.ts'
import { declareFaults } from './declare.ts'

onSqlite(declareFaults)
