export { bbbProviderFromEnv } from './from-env.ts'
export { type BbbProviderOptions, bbbProvider } from './provider.ts'
export type { BbbCallbacks } from './servers.ts'
export { type BbbMeetingSettings, bbbSettingsFromEnv } from './settings.ts'
