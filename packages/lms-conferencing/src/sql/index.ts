export type { Store, StoreFault } from '../store.ts'
export { type OpenStoreOptions, openStore } from './open.ts'
export type { DurabilitySetting } from './postgres.ts'
export type { HeardStatement, StatementListener } from './statements.ts'
