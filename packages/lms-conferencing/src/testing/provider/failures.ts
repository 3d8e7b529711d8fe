import { inspect } from 'node:util'
import { expect } from 'vitest'
import { ConferencingError } from '../../errors.ts'
import { open, type ProviderTest, type ProviderUnderTest, specAt, student, teacher } from './suite.ts'

async function failureOf(work: Promise<unknown>): Promise<ConferencingError> {
  const error: unknown = await work.then(
    () => undefined,
    reason => reason,
  )
  if (!(error instanceof ConferencingError)) throw new Error('expected a ConferencingError')
  return error
}

/** Everything that a log could catch of a value. */
function shown(value: unknown): string {
  const errors: unknown[] = [value]
  for (let at = value; at instanceof Error && at.cause !== undefined; at = at.cause) errors.push(at.cause)
  return errors
    .flatMap(one => [
      inspect(one, { depth: 9, showHidden: true }),
      JSON.stringify(one),
      String(one),
      one instanceof Error ? one.stack : '',
    ])
    .join('\n')
}

function expectNoSecret({ secrets }: ProviderUnderTest, value: unknown): void {
  const text = shown(value)
  for (const secret of secrets) {
    for (const form of [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64')])
      expect(text).not.toContain(form)
  }
}

/** What goes wrong, in the same words whoever the provider is. */
export function describeFailures(test: ProviderTest): void {
  test('a service that cannot be reached is UNAVAILABLE, and nothing was sent', async subject => {
    const spec = specAt(subject.now())
    const planned = subject.provider.planMeeting(spec)
    await subject.trouble('unreachable')
    const error = await failureOf(subject.provider.openMeeting(planned, spec))
    expect(error).toMatchObject({ code: 'UNAVAILABLE', outcome: 'not-sent', provider: subject.provider.name })
    expect(error.userMessage).not.toBe('')
    expectNoSecret(subject, error)
  })

  test('credentials that are not good are UNAUTHORIZED, in every call (T24)', async subject => {
    const { provider } = subject
    const { spec, meeting } = await open(subject)
    await subject.trouble('credentials-refused')
    for (const work of [
      () => provider.openMeeting(meeting, spec),
      () => provider.endMeeting(meeting),
      () => provider.isRunning(meeting),
      () => provider.recordings(meeting),
    ]) {
      const error = await failureOf(work())
      expect(error).toMatchObject({ code: 'UNAUTHORIZED', provider: provider.name })
      expectNoSecret(subject, error)
    }
  })

  test('a meeting that is gone is MEETING_NOT_FOUND, and no trouble to ask about', async subject => {
    const { provider } = subject
    const { meeting } = await open(subject)
    await subject.remove(meeting)
    expect(await provider.isRunning(meeting)).toBe(false)
    const planned = { ...meeting, details: {} }
    expect(await failureOf(provider.joinLink(planned, teacher))).toMatchObject({ code: 'MEETING_NOT_FOUND' })
    expect(await failureOf(provider.joinLink(planned, student))).toMatchObject({ code: 'MEETING_NOT_FOUND' })
  })

  test('a class on a server that is not set up here is UNSUPPORTED, without a call', async subject => {
    const { provider } = subject
    const { spec, meeting } = await open(subject)
    await subject.trouble('unreachable')
    const elsewhere = { ...meeting, serverId: 'elsewhere' }
    for (const work of [
      () => provider.openMeeting(elsewhere, spec),
      () => provider.joinLink(elsewhere, student),
      () => provider.endMeeting(elsewhere),
      () => provider.isRunning(elsewhere),
      () => provider.recordings(elsewhere),
    ])
      expect(await failureOf(work())).toMatchObject({ code: 'UNSUPPORTED' })
  })

  test('shows no secret of itself (T25)', async subject => {
    const { meeting } = await open(subject)
    await subject.provider.joinLink(meeting, student)
    expectNoSecret(subject, subject.provider)
  })
}
