import { once } from 'node:events'
import { createServer } from 'node:http'
import { promisify } from 'node:util'
import { jsonLogger, type RunningSchool, type StartSchoolOptions, startSchool } from '@examples/school'
import { buildApp } from './app.ts'

export interface StartOptions extends Omit<StartSchoolOptions, 'listen' | 'framework'> {
  /** Takes each line of the log. @default nothing is logged */
  readonly log?: ((line: string) => void) | undefined
}

/** Starts the school behind Express. */
export const start = ({ log = () => {}, ...options }: StartOptions = {}): Promise<RunningSchool> =>
  startSchool({
    ...options,
    framework: 'Express',
    async listen(api, { host, port }, page) {
      const logger = jsonLogger(log)
      const server = createServer(buildApp({ api, page, logger }))
      server.listen(port, host)
      await once(server, 'listening')
      return {
        url: urlOf(server.address(), host),
        server,
        logger,
        // Connections that only wait for a next request end by themselves.
        close: promisify(server.close.bind(server)),
        closeAllConnections: () => server.closeAllConnections(),
      }
    },
  })

function urlOf(address: ReturnType<ReturnType<typeof createServer>['address']>, host: string): string {
  if (address === null || typeof address === 'string') throw new TypeError('the server does not listen on a port')
  return `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`
}
