export type { ZoomAccount } from './account.ts'
export type { PersonOf, ZoomIdentity } from './person.ts'
export { type ZoomProviderOptions, zoomProvider } from './provider.ts'
export { type ZoomEnvironment, type ZoomMeetingSettings, zoomOptionsFromEnv } from './settings.ts'
