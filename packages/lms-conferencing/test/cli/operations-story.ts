import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { FakeBbb } from 'bbb-client/testing'
import { signWebhook } from 'bbb-client/webhooks'
import { createConferencing } from '../../src/conferencing.ts'
import { bbbProviderFromEnv } from '../../src/providers/bbb/index.ts'
import { openStore } from '../../src/sql/index.ts'
import { temporaryDirectory } from '../sql/support.ts'
import { ManualClock } from '../support/manual-clock.ts'

const secret = 'the-secret-of-the-server-of-today'
const outdated = 'the-secret-of-the-server-of-before'
const callbackUrl = 'https://lms.example.org/api/v1/classes/bbb-webhook/5f0cd5a7c2b94e63'
const minute = 60_000
const room = createHash('sha1').update('lms-algebra-1').digest('hex')

/**
 * The database of a small school after a class, as docs/OPERATIONS.md looks at it: an event that could not be read, an
 * afternoon with an outdated secret, and callbacks of an autumn long ago.
 */
export async function operationsStory() {
  const clock = new ManualClock('2026-10-01T09:00:00Z')
  const fake = new FakeBbb({ secret })
  const served = await fake.serve()
  const env = {
    DATABASE_URL: `sqlite:${join(temporaryDirectory(), 'lms.db')}`,
    BBB_SERVER_URL: served.url,
    BBB_SHARED_SECRET: secret,
    BBB_WEBHOOK_URL: callbackUrl,
  }
  const store = await openStore(env.DATABASE_URL)
  const open = (shared: string) =>
    createConferencing({
      providers: { bbb: bbbProviderFromEnv({ ...env, BBB_SHARED_SECRET: shared }) },
      store,
      clock,
      newId: () => 'algebra-1',
      random: () => 0.5,
    })
  const conferencing = open(secret)

  const send = async (id: string, user: string | null, { to = conferencing, scheme = 'url+body' as const } = {}) => {
    const attributes = {
      meeting: { 'internal-meeting-id': `${room}-1`, 'external-meeting-id': 'lms-algebra-1' },
      ...(user && { user: { 'internal-user-id': `w_${user}`, 'external-user-id': user, name: user, role: 'VIEWER' } }),
    }
    const events = [{ data: { type: 'event', id, attributes, event: { ts: clock.now() } } }]
    const made = signWebhook({ callbackUrl, secret, events, timestamp: clock.now(), scheme })
    // What is refused is what the story is about.
    await to.receiveCallback('bbb', { ...made, body: Buffer.from(made.body) }).catch(() => {})
  }

  await send('meeting-created', null)
  await conferencing.rounds.callbacks()
  clock.advance(Date.parse('2027-03-01T08:50:00Z') - clock.now())
  const course = { courseId: 'algebra', teacherId: 'noether', title: 'Algebra' }
  await conferencing.createClass({ ...course, startsAt: new Date('2027-03-01T09:00:00Z') })
  await conferencing.startClass('algebra-1', { userId: 'noether', displayName: 'Emmy Noether', role: 'moderator' })
  await send('meeting-created', null)
  for (const user of ['student-17', 'student-23']) {
    clock.advance(minute)
    await send('user-joined', user)
  }
  clock.advance(minute)
  await send('user-joined', null)
  for (let attempt = 0; attempt < 8; attempt++) {
    await conferencing.rounds.callbacks()
    clock.advance(8 * minute)
  }
  await conferencing.endClass('algebra-1')
  await conferencing.rounds.callbacks()

  const mistaken = open(outdated)
  for (const user of ['student-17', 'student-23']) {
    clock.advance(minute)
    await send('user-left', user, { to: mistaken })
  }
  await mistaken.stop()
  clock.advance(Date.parse('2027-03-01T13:00:00Z') - clock.now())
  return {
    env,
    clock,
    /** What the running application does meanwhile. */
    apply: () => conferencing.rounds.callbacks(),
    async close() {
      await conferencing.stop()
      await store.close()
      await fake.close()
    },
  }
}
