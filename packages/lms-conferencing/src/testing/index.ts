export { describeStore } from './store/describe-store.ts'
export type { StoreSuite } from './store/suite.ts'
export * from './zoom/index.ts'
