import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { ManualClock } from 'bbb-client/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { courses, type RunningSchool, type StartSchoolOptions, tokenOf } from '../../src/index.ts'

/** Far less than servers keep a connection alive: what waits for that fails. */
const patience = { timeout: 30_000 }
const [course] = courses

/** How a server ends while somebody is in the middle of something, over a connection that is kept alive. */
export function describeClosing(
  name: string,
  start: (options: Required<Pick<StartSchoolOptions, 'env' | 'clock'>>) => Promise<RunningSchool>,
): void {
  describe(`closing on ${name}`, () => {
    let running: RunningSchool
    let socket: Socket
    let received: string

    beforeEach(async () => {
      const clock = new ManualClock({ startAt: Date.parse('2027-03-01T08:45:00Z') })
      running = await start({ env: { PORT: '0', DATABASE_URL: 'sqlite::memory:' }, clock })
      received = ''
      socket = connect(Number(new URL(running.url).port), '127.0.0.1')
      socket.setEncoding('utf8').on('data', text => {
        received += text
      })
      // Who sends on while the server hangs up may hear of it as an error.
      socket.on('error', () => {})
      await once(socket, 'connect')
    })
    afterEach(async () => {
      socket.destroy()
      running.closeAllConnections()
      await running.close()
    })

    /** The beginning of a request that plans a class. */
    const begin = (body: string): void => {
      socket.write(
        [
          `POST /api/v1/courses/${course?.id}/create_virtual_class/ HTTP/1.1`,
          'Host: lms.example',
          `Authorization: Bearer ${course && tokenOf(course.teacher)}`,
          'Content-Type: application/json',
          `Content-Length: ${body.length}`,
          '',
          body.slice(0, 10),
        ].join('\r\n'),
      )
    }
    const plan = (description: string): string =>
      JSON.stringify({ title: 'Knots', scheduled_at: '2027-03-01T09:00:00Z', description })

    /** Until the server takes nobody new: it has looked for idle connections by then. */
    async function untilClosing(): Promise<void> {
      for (;;) {
        const probe = connect(Number(new URL(running.url).port), '127.0.0.1')
        const isTaken = await once(probe, 'connect').then(
          () => true,
          () => false,
        )
        probe.destroy()
        if (!isTaken) return
      }
    }

    it('does not wait for a connection whose body was refused and comes in after all', patience, async () => {
      const body = plan('x'.repeat(300_000))
      begin(body)
      while (!received.includes('\r\n\r\n')) await once(socket, 'data')
      expect(received).toMatch(/^HTTP\/1\.1 413 /)
      const closed = closeOf(socket)
      const closing = running.close()
      await untilClosing()
      socket.write(body.slice(10))
      await closing
      await closed
    })

    it('answers what is being asked, and hangs up then', patience, async () => {
      const body = plan('')
      begin(body)
      // Another request is answered after the first is being read.
      expect((await fetch(`${running.url}/healthz`)).status).toBe(200)
      const closed = closeOf(socket)
      const closing = running.close()
      await untilClosing()
      socket.write(body.slice(10))
      await closing
      await closed
      expect(received).toMatch(/^HTTP\/1\.1 200 /)
      expect(JSON.parse(received.split('\r\n\r\n')[1] ?? '')).toMatchObject({ success: true, data: { title: 'Knots' } })
    })
  })
}

const closeOf = (socket: Socket): Promise<unknown> => new Promise(resolve => socket.once('close', resolve))
