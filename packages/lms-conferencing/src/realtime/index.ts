export type * from '../browser/live-messages.ts'
export { attachLiveUpdates, type LiveLimits, type LiveUpdates, type LiveUpdatesOptions } from './attach.ts'
