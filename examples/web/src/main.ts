import { VideoConferenceService } from 'lms-conferencing/browser'
import { createApp } from 'vue'
import App from './demo/App.vue'
import { openSession, sessionKey } from './demo/session.ts'
import { createI18n, i18nKey, isLanguage } from './i18n/index.ts'
import { createPageRouter } from './router.ts'
import { serviceKey } from './service.ts'
import './styles/base.css'

const session = await openSession()
const spoken = [localStorage.getItem('language'), ...navigator.languages.map(tag => tag.slice(0, 2))]
const i18n = createI18n(spoken.find(isLanguage))

const conferences = new VideoConferenceService({
  headers: () => ({ authorization: `Bearer ${session.person.value?.token ?? ''}` }),
})

const router = createPageRouter(session)
const app = createApp(App)
  .provide(sessionKey, session)
  .provide(i18nKey, i18n)
  .provide(serviceKey, conferences)
  .use(router)
// The first place is no change of place: what happens at those must not happen to it.
await router.isReady()
app.mount('#app')
