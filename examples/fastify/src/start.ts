import { type RunningSchool, type StartSchoolOptions, startSchool } from '@examples/school'
import type { FastifyServerOptions } from 'fastify'
import { buildApp, conferencingLogger } from './app.ts'

export interface StartOptions extends Omit<StartSchoolOptions, 'listen' | 'framework'> {
  readonly logger?: FastifyServerOptions['logger']
}

/** Starts the school behind Fastify. */
export const start = ({ logger, ...options }: StartOptions = {}): Promise<RunningSchool> =>
  startSchool({
    ...options,
    framework: 'Fastify',
    async listen(api, { host, port }, page) {
      const app = await buildApp({ api, page, logger })
      return {
        url: await app.listen({ host, port }),
        server: app.server,
        logger: conferencingLogger(app.log),
        close: () => app.close(),
        closeAllConnections: () => app.server.closeAllConnections(),
      }
    },
  })
