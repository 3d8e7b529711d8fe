import { createHash } from 'node:crypto'
import { BbbClient } from 'bbb-client'
import { type SignedWebhook, signWebhook } from 'bbb-client/webhooks'
import type { CallbackRequest, ConferenceProvider } from '../../../src/provider.ts'
import { type BbbProviderOptions, bbbProvider } from '../../../src/providers/bbb/index.ts'
import type { Store, StoredClass } from '../../../src/store.ts'
import { sampleClass } from '../../../src/testing/store/samples.ts'

/** One thing that happened in a class, as the makers of the workload know it. */
export interface Happening {
  readonly classId: string
  readonly type: 'started' | 'ended' | 'joined' | 'left'
  readonly person: string
  readonly session: string
  /** Epoch milliseconds, by the sender's clock. */
  readonly at: number
}

/** Classes full of people who come, go and come again, as callbacks of bbb-webhooks; the same ones every time. */
export interface Workload {
  readonly classes: readonly StoredClass[]
  /** How many callbacks there are, each with another content. */
  readonly size: number
  happening(index: number): Happening
  /** Byte for byte the same each time. `signedWith` is {@link secret} unless given. */
  delivery(index: number, signedWith?: string): SignedWebhook
}

export const tenantId = 'school'
export const secret = 'a-secret-of-thirty-two-characters'
export const callbackUrl = 'http://127.0.0.1/api/v1/classes/bbb-webhook/6e1f0c2ab94d4b7d'

const PEOPLE = 25
const VISITS = 2
const CLASS_MS = 3_600_000
/** So long after something happened bbb-webhooks sends it for the first time. */
const SENT_AFTER_MS = 2
export const firstDay = Date.UTC(2026, 0, 5, 9)

/** Callbacks that mention it cannot be read until {@link bbb} is told that the fault is mended. */
const POISON = 'poison'

/** Callbacks of one class. */
const STEPS = 2 + PEOPLE * VISITS * 2

export interface WorkloadOptions {
  /** At least so many callbacks; classes are whole. */
  readonly callbacks: number
  /** How many people of each class have a first visit that cannot be read. @default 0 */
  readonly poisoned?: number | undefined
  /** Number of the first class: workloads with others can share a database. @default 0 */
  readonly firstClass?: number | undefined
  /** When the first class begins, by the sender's clock; epoch milliseconds. @default 2026-01-05 09:00 UTC */
  readonly startsAt?: number | undefined
}

export function makeWorkload(options: WorkloadOptions): Workload {
  const { callbacks, poisoned = 0, firstClass = 0, startsAt = firstDay } = options
  const count = Math.max(1, Math.ceil(callbacks / STEPS))
  const steps = Array.from({ length: count }, (_, turn) => stepsOf(firstClass + turn, poisoned, startsAt + turn * 1000))
  const happening = (index: number): Happening => {
    // All classes run at the same time.
    const step = steps[index % count]?.[Math.floor(index / count)]
    if (!step) throw new RangeError(`There is no callback ${index}.`)
    return step
  }
  return {
    classes: steps.map(([first]) => classOf(first?.classId ?? '')),
    size: count * STEPS,
    happening,
    delivery: (index, signedWith = secret) => deliveryOf(happening(index), signedWith),
  }
}

function stepsOf(number: number, poisoned: number, start: number): readonly Happening[] {
  const classId = `class-${number}`
  const steps: Happening[] = [
    { classId, type: 'started', person: '', session: '', at: start },
    { classId, type: 'ended', person: '', session: '', at: start + CLASS_MS },
  ]
  for (let one = 0; one < PEOPLE; one++) {
    const person = `person-${one}`
    for (let visit = 0; visit < VISITS; visit++) {
      const chance = (salt: number): number => pseudoRandom(((number * PEOPLE + one) * VISITS + visit) * 2 + salt)
      // Two visits of one person overlap, touch, or leave a gap.
      const from = start + 1 + Math.floor(chance(0) * (CLASS_MS * 0.6))
      const to = from + 1 + Math.floor(chance(1) * (CLASS_MS * 0.3))
      const session = `w_${one < poisoned && visit === 0 ? POISON : 'session'}-${one}-${visit}`
      steps.push({ classId, type: 'joined', person, session, at: from })
      steps.push({ classId, type: 'left', person, session, at: to })
    }
  }
  return steps.sort((a, b) => a.at - b.at)
}

/** In `[0, 1)`; the same for the same seed (Knuth's multiplicative hash, mixed once more). */
function pseudoRandom(seed: number): number {
  const mixed = Math.imul(seed + 1, 2_654_435_761) >>> 0
  return (Math.imul(mixed ^ (mixed >>> 15), 2_246_822_519) >>> 0) / 2 ** 32
}

export const isPoison = ({ session }: Happening): boolean => session.includes(POISON)

const meetingIdOf = (classId: string): string => `lms-${classId}`
const meetingKeyOf = (classId: string): string => createHash('sha1').update(meetingIdOf(classId)).digest('hex')
export const instanceOf = (classId: string): string => `${meetingKeyOf(classId)}-${firstDay}`

function classOf(id: string): StoredClass {
  return sampleClass(
    { id, tenantId, provider: 'bbb', meetingId: meetingIdOf(id), startsAt: new Date(firstDay) },
    { serverId: 'server-1', meetingKey: meetingKeyOf(id) },
  )
}

const eventIds = {
  started: 'meeting-created',
  ended: 'meeting-ended',
  joined: 'user-joined',
  left: 'user-left',
} as const

/** The bytes of bbb-webhooks 3.5 (compared with captures of it). */
function deliveryOf({ classId, type, person, session, at }: Happening, signedWith: string): SignedWebhook {
  const meeting = { 'internal-meeting-id': instanceOf(classId), 'external-meeting-id': meetingIdOf(classId) }
  const user = { 'internal-user-id': session, 'external-user-id': person }
  const attributes = {
    started: {
      meeting: { ...meeting, name: 'Fractions — halves & quarters', 'is-breakout': false, 'parent-id': 'bbb-none' },
    },
    ended: { meeting },
    joined: {
      meeting,
      user: { ...user, name: `Person ${person} Ñandú`, role: 'VIEWER', presenter: false, userdata: {}, guest: false },
    },
    left: { meeting, user },
  }[type]
  const event = { data: { type: 'event', id: eventIds[type], attributes, event: { ts: at } } }
  return signWebhook({ callbackUrl, secret: signedWith, events: [event], timestamp: sentAtOf({ at }) })
}

/** The provider that verifies and reads the workload; `isMended` tells whether poison can be read now. */
export function bbb(
  isMended: () => boolean = () => true,
  options: Partial<BbbProviderOptions> = {},
): ConferenceProvider {
  const provider = bbbProvider({
    // Nobody is called: everything here comes from the other side.
    client: new BbbClient({ url: 'http://127.0.0.1:9/bigbluebutton/api', secret }),
    serverId: 'server-1',
    callbacks: { url: callbackUrl, secrets: secret },
    ...options,
  })
  return {
    ...provider,
    events(callback) {
      if (!isMended() && Buffer.from(callback.body).includes(POISON)) throw new RangeError('a fault in the reader')
      return provider.events(callback)
    },
  }
}

export function insertWorkload(store: Store, { classes }: Workload): Promise<void> {
  return store.transaction(async tx => {
    for (const one of classes) await tx.insertClass(one)
  })
}

/** What the sender says in a callback about when it was first sent. */
export const sentAtOf = ({ at }: Pick<Happening, 'at'>): number => at + SENT_AFTER_MS

/** The request of one delivery, as a framework hands it over. */
export function requestOf({ method, target, headers, body }: SignedWebhook): CallbackRequest {
  return { method, target, headers, body: Buffer.from(body) }
}
