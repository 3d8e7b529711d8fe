import { hashHex } from './checksum.ts'
import type { FakeClock } from './clock.ts'
import type { RoomEvent } from './events.ts'
import { type MappedEvent, mapEvent } from './mapped-events.ts'
import type { WebhooksSettings } from './options.ts'
import type { Outbox } from './outbox.ts'
import { type Identifiers, uuidOfUrl } from './random.ts'
import { rawMessage } from './raw-events.ts'

/** A registered hook. */
export interface Hook {
  readonly hookID: string
  /** As registered, after one URL-decoding. */
  readonly callbackURL: string
  /** External id; `undefined` for a global hook. */
  meetingID: string | undefined
  /** Lower-case; empty without a filter. */
  readonly eventIDs: readonly string[]
  readonly getRaw: boolean
  readonly permanent: boolean
}

interface Slot {
  hook: Hook
  /** Its callback failed for good; the next restart forgets it. */
  failed: boolean
  readonly queue: QueuedEvent[]
  sending: boolean
}

interface QueuedEvent {
  readonly id: string
  readonly json: string
}

/** What the registry needs from the server. */
export interface HookContext {
  readonly settings: WebhooksSettings
  readonly secret: string
  readonly clock: FakeClock
  readonly identifiers: Identifiers
  readonly outbox: Outbox
  publicUrl(): string
}

/** Waits of bbb-webhooks before each further try, in milliseconds. */
const hookRetryWaits: readonly number[] = [
  100, 500, 1_000, 2_000, 4_000, 8_000, 10_000, 30_000, 60_000, 60_000, 60_000, 60_000,
]

/** Permanent hooks are tried again this often, for ever. */
const permanentRetryMs = 60_000

/** The bbb-webhooks service: who is registered, who gets which event, and in what form. */
export class HookRegistry {
  readonly #context: HookContext
  #slots: Slot[] = []
  #lastNumber = 0

  constructor(context: HookContext) {
    this.#context = context
    for (const url of context.settings.permanentUrls) {
      const numbered = context.settings.version === '2.6.1' ? String(++this.#lastNumber) : uuidOfUrl(url)
      this.#add({
        hookID: numbered,
        callbackURL: url,
        meetingID: undefined,
        eventIDs: [],
        getRaw: false,
        permanent: true,
      })
    }
  }

  get settings(): WebhooksSettings {
    return this.#context.settings
  }

  list(): Hook[] {
    return this.#slots.map(({ hook }) => hook)
  }

  /** The callback URL alone identifies a hook: a second registration changes nothing. */
  create(wanted: Omit<Hook, 'hookID' | 'permanent'>): { hook: Hook; existed: boolean } {
    const existing = this.list().find(({ callbackURL }) => callbackURL === wanted.callbackURL)
    if (existing) return { hook: existing, existed: true }
    const old = this.settings.version === '2.6.1'
    const hookID = old ? String(++this.#lastNumber) : this.#context.identifiers.uuid()
    const hook = { ...wanted, hookID, permanent: false }
    this.#add(hook)
    return { hook, existed: false }
  }

  /** Permanent hooks cannot be destroyed. */
  destroy(hookID: string): boolean {
    const found = this.list().find(hook => hook.hookID === hookID && !hook.permanent)
    if (found) this.#remove(found)
    return found !== undefined
  }

  /** What a restart of the service leaves of the hooks. */
  restart(): void {
    if (this.settings.version !== '2.6.1') {
      this.#slots = this.#slots.filter(({ hook, failed }) => hook.permanent || (!failed && hook.eventIDs.length === 0))
      for (const slot of this.#slots) slot.hook = { ...slot.hook, meetingID: undefined }
    }
  }

  /** Sends an event to every hook that gets it. */
  dispatch(event: RoomEvent): void {
    const { settings, clock } = this.#context
    const mapped = mapEvent(event, settings.version, clock.now(), this.#context.publicUrl())
    if (!mapped) return
    const madeUp = event.id === 'user-left' && 'how' in event && event.how === 'made-up'
    for (const slot of this.#slots.filter(({ hook }) => this.#isFor(hook, mapped))) {
      const { getRaw, eventIDs } = slot.hook
      // A raw message has no event id to be filtered by, so the two options together give nothing.
      if (getRaw && eventIDs.length > 0 && !madeUp) continue
      if (eventIDs.length > 0 && !eventIDs.includes(event.id)) continue
      const message = getRaw && !madeUp ? rawMessage(event, mapped, clock.now()) : mapped
      this.#queue(slot, { id: event.id, json: JSON.stringify(message) })
    }
  }

  #isFor(hook: Hook, mapped: MappedEvent): boolean {
    if (hook.meetingID === undefined || this.settings.version === '3.3.1') return true
    if (hook.meetingID !== mapped.data.attributes.meeting['external-meeting-id']) return false
    if (this.settings.version === '2.6.1') return true
    return this.list().find(({ meetingID }) => meetingID === hook.meetingID) === hook
  }

  #add(hook: Hook): void {
    this.#slots.push({ hook, failed: false, queue: [], sending: false })
  }

  #remove(hook: Hook): void {
    this.#slots = this.#slots.filter(slot => slot.hook !== hook)
  }

  #queue(slot: Slot, event: QueuedEvent): void {
    if (!this.settings.inOrder) {
      this.#send(slot, [event])
      return
    }
    slot.queue.push(event)
    if (!slot.sending) this.#sendQueued(slot)
  }

  #sendQueued(slot: Slot): void {
    const batch = slot.queue.splice(0, this.settings.multiEvent)
    slot.sending = batch.length > 0 && this.#slots.includes(slot)
    if (slot.sending) this.#send(slot, batch)
  }

  #send(slot: Slot, batch: readonly QueuedEvent[]): void {
    const { settings, secret, clock, outbox } = this.#context
    const { hook } = slot
    const old = settings.version === '2.6.1'
    outbox.send({
      kind: 'hook',
      events: batch.map(({ id }) => id),
      hookID: hook.hookID,
      url: hook.callbackURL,
      request: callbackRequest(hook.callbackURL, `[${batch.map(({ json }) => json)}]`, clock.now(), settings, secret),
      redirects: old ? 'none' : 'follow',
      waits: hookRetryWaits,
      repeatEveryMs: hook.permanent ? permanentRetryMs : undefined,
      refusalIsFinal: true,
      timeoutMs: settings.timeoutMs,
      onSettled: delivered => {
        if (!delivered) this.#fail(slot)
        if (settings.inOrder) this.#sendQueued(slot)
      },
    })
  }

  #fail(slot: Slot): void {
    slot.failed = true
    if (this.settings.failedHooksGo === 'at-once') this.#remove(slot.hook)
  }
}

/**
 * A callback request: body fields, their order and encoding, and the signature of the given release
 * (upstream: `bbb-webhooks src/out/webhooks/callback-emitter.js`; 2.x: `callback_emitter.js`).
 */
function callbackRequest(callbackURL: string, event: string, now: number, settings: WebhooksSettings, secret: string) {
  const { version, auth, algorithm, domain } = settings
  const old = version === '2.6.1'
  const body = old
    ? `event=${rfc3986(event)}&timestamp=${now}&domain=${rfc3986(domain)}`
    : new URLSearchParams({ domain, event, timestamp: String(now) }).toString()
  const headers: Record<string, string> = old
    ? { 'content-type': 'application/x-www-form-urlencoded' }
    : { accept: '*/*', 'content-type': 'application/x-www-form-urlencoded;charset=UTF-8', 'user-agent': 'node-fetch' }
  if (auth === 'bearer') {
    headers.authorization = `Bearer ${secret}`
    return { method: 'POST' as const, url: callbackURL, headers, body }
  }
  const signed = old ? JSON.stringify({ event, timestamp: now, domain }) : version === '3.3.1' ? '{}' : body
  const checksum = hashHex(algorithm, callbackURL + signed + secret)
  const separator = callbackURL.split('#', 1)[0]?.includes('?') ? '&' : '?'
  return { method: 'POST' as const, url: `${callbackURL}${separator}checksum=${checksum}`, headers, body }
}

function rfc3986(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replace(
    /[!'()*]/g,
    char => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}
