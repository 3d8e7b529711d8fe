import { preparePage } from './page.ts'
import type { RunningSchool } from './start.ts'

/** How long open requests may take once the process is told to stop, in milliseconds. */
const patienceMs = 8_000

/** The school as a process: until SIGTERM or SIGINT, which answer what is being asked and end it. */
export async function runSchool(start: () => Promise<RunningSchool>): Promise<void> {
  try {
    await preparePage(line => console.log(line))
    const { url, bbb, logger, close, closeAllConnections } = await start()
    logger.info(`the LMS is at ${url}${bbb ? `, the fake BigBlueButton at ${bbb.url}` : ''}`)
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.once(signal, () => {
        logger.info(`${signal}: closing`)
        setTimeout(closeAllConnections, patienceMs).unref()
        close().catch(error => {
          logger.error(`closing failed: ${messageOf(error)}`)
          process.exitCode = 1
        })
      })
    }
  } catch (error) {
    console.error(messageOf(error))
    process.exitCode = 1
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
