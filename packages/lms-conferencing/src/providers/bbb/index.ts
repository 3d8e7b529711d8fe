export { type BbbCallbacks, type BbbProviderOptions, bbbProvider } from './provider.ts'
export { type BbbMeetingSettings, bbbSettingsFromEnv } from './settings.ts'
