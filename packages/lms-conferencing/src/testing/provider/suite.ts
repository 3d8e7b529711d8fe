import { test } from 'vitest'
import type { Meeting, MeetingSpec } from '../../model.ts'
import type { CallbackRequest, ConferenceProvider } from '../../provider.ts'

/** Trouble between a provider and its service, from now on. */
export type ProviderTrouble =
  /** The service does what the next call asks, and its answer is lost. Once. */
  | 'answer-lost'
  /** Nobody is there. */
  | 'unreachable'
  /** Our credentials are not good any more. */
  | 'credentials-refused'

/** Somebody in a room. */
export interface Visit {
  leave(): Promise<void>
}

/** A provider with the service it works on, as a test sees both. */
export interface ProviderUnderTest {
  readonly provider: ConferenceProvider
  /** Epoch milliseconds on the service's clock. */
  now(): number
  /** Lets time pass, on every clock there is. */
  advance(ms: number): Promise<void>
  /** Follows a join link, as a browser would. */
  follow(link: string): Promise<Visit>
  /** Callbacks that the service has sent since the last time, as they arrived. */
  callbacks(): Promise<readonly CallbackRequest[]>
  /** A genuine callback, signed by the service, whose content nobody has heard of; `poison`: that says too little. */
  strange(kind: 'unknown' | 'poison'): CallbackRequest
  /** How many rooms the service has or has planned. */
  rooms(): Promise<number>
  /** Takes a meeting away at the service. */
  remove(meeting: Meeting): Promise<void>
  /** Has the service finish the recording of the last run. */
  finishRecording(meeting: Meeting): Promise<void>
  trouble(kind: ProviderTrouble): Promise<void>
  /** What must never be seen: secrets of the provider's configuration. */
  readonly secrets: readonly string[]
  close(): Promise<void>
}

export interface ProviderSuite {
  /** What the report calls this provider. */
  readonly name: string
  /** Makes a provider with a service of its own; the suite closes it. */
  readonly create: () => Promise<ProviderUnderTest>
  /** Tests that this vendor cannot pass, and why. */
  readonly skip?: readonly { readonly reason: string; readonly tests: readonly string[] }[] | undefined
}

/** Declares one test of the contract, on a provider of its own. */
export type ProviderTest = (name: string, run: (subject: ProviderUnderTest) => Promise<void>) => void

export function providerTest({ create, skip = [] }: ProviderSuite): ProviderTest {
  return (name, run) => {
    const skipped = skip.find(({ tests }) => tests.includes(name))
    if (skipped) {
      test.skip(`${name} (${skipped.reason})`)
      return
    }
    test(name, async () => {
      const subject = await create()
      try {
        await run(subject)
      } finally {
        await subject.close()
      }
    })
  }
}

/** A class half an hour after `now`. */
export const specAt = (now: number, changes: Partial<MeetingSpec> = {}): MeetingSpec => ({
  classId: 'c1',
  courseId: 'physics',
  title: "Newton's laws & <more> 🚀",
  description: 'Bring a calculator\n& a pen',
  startsAt: new Date(now + 30 * 60_000),
  durationMinutes: 60,
  record: true,
  ...changes,
})

export const teacher = { userId: 'u-ada', displayName: 'Ada Čer', role: 'moderator' } as const
export const student = { userId: 'Bob.3@school', displayName: "Bob O'Neil 🚀", role: 'attendee' } as const

/** Plans and opens a class. */
export async function open(subject: ProviderUnderTest, changes: Partial<MeetingSpec> = {}) {
  const spec = specAt(subject.now(), changes)
  const meeting = await subject.provider.openMeeting(subject.provider.planMeeting(spec), spec)
  return { spec, meeting }
}
