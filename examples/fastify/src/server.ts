import { start } from './start.ts'

/** How long open requests may take once the process is told to stop, in milliseconds. */
const patienceMs = 8_000

try {
  const { app, url, bbb, close } = await start({ logger: true })
  app.log.info(`the LMS is at ${url}${bbb ? `, the fake BigBlueButton at ${bbb.url}` : ''}`)
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      app.log.info(`${signal}: closing`)
      setTimeout(() => app.server.closeAllConnections(), patienceMs).unref()
      close().catch(error => {
        app.log.error(error)
        process.exitCode = 1
      })
    })
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
