import { VideoConferenceError, type VideoConferenceService } from 'lms-conferencing/browser'
import { type InjectionKey, inject } from 'vue'

export const serviceKey: InjectionKey<VideoConferenceService> = Symbol('VideoConferenceService')

/** The API of live classes, as the application around this component provides it: `app.provide(serviceKey, …)`. */
export function useConferences(): VideoConferenceService {
  const service = inject(serviceKey)
  if (!service) throw new Error('provide(serviceKey, new VideoConferenceService(…)) is missing')
  return service
}

/** Whether asking again may help: the network, or a server that has trouble. */
export const isPassing = (error: unknown): boolean =>
  error instanceof VideoConferenceError && (error.status === 0 || error.status >= 500 || error.code === 'BAD_ANSWER')
