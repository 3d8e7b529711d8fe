import { onPostgres } from '../support/databases.ts'
import { declareFaults } from './declare.ts'

onPostgres(declareFaults)
