import { noLogger } from 'lms-conferencing'
import type { FetchHandler } from 'lms-conferencing/http'
import { startSchool } from '../src/index.ts'
import { describeHttpApi } from './support/index.ts'

describeHttpApi('the bare fetch handler', async options => {
  const mounted = Promise.withResolvers<FetchHandler>()
  const { close } = await startSchool({
    ...options,
    framework: 'a fetch handler',
    async listen(api) {
      mounted.resolve(api)
      return { url: 'https://lms.example', logger: noLogger, close: async () => {}, closeAllConnections() {} }
    },
  })
  const api = await mounted.promise
  return { fetch: (path, init) => api(new Request(`https://lms.example${path}`, init)), close }
})
