import type { HashName } from './checksum.ts'
import { type FakeClock, systemClock } from './clock.ts'
import type { Delivery } from './outbox.ts'
import { type RandomSource, systemRandom } from './random.ts'
import { type Release, releaseOf } from './release.ts'

/** Releases of bbb-webhooks whose behaviour is played. */
export type WebhooksVersion = '3.5.0' | '3.3.1' | '2.6.1'

/** The bbb-webhooks package beside the server. */
export interface FakeWebhooksOptions {
  /** Decides scheme, fields, ids and faults: `url+body`, `url+braces`, `url+json` in this order. @default '3.5.0' */
  version?: WebhooksVersion | undefined
  /** `bearer` is what Debian packages configure (`auth2_0`). @default 'checksum' */
  auth?: 'checksum' | 'bearer' | undefined
  /** Hash of callback checksums; 2.x has only SHA-1. @default 'sha1' */
  algorithm?: HashName | undefined
  /** The `domain` field of callbacks. @default 'bbb.example.org' */
  domain?: string | undefined
  /** One callback after the other per hook (`queue.enabled`); always so in 2.x. @default false */
  inOrder?: boolean | undefined
  /** Events in one callback, 2.x only (`multiEvent`). @default 1 */
  multiEvent?: number | undefined
  /** Milliseconds without an answer that count as a failure. @default 5000 */
  timeoutMs?: number | undefined
  /** Hooks of the server's configuration; they never die. @default [] */
  permanentUrls?: readonly string[] | undefined
  /** After a meeting's end a second, half-empty `user-left` follows for everybody who was there (3.x). @default false */
  secondUserLeft?: boolean | undefined
  /**
   * When a hook whose callback failed 13 times stops being called. The real 3.x service forgets it only at its next
   * restart, 2.x at once. @default as the version does
   */
  failedHooksGo?: 'at-once' | 'at-restart' | undefined
}

/** How a fake server behaves. Only `secret` is required. */
export interface FakeBbbOptions {
  /** The shared secret. An empty one turns checksums off, as on a real server. */
  secret: string
  /** @default the system's clock */
  clock?: FakeClock | undefined
  /** BigBlueButton release, `2.4` to `3.0`, with or without patch. @default '3.0' */
  version?: string | undefined
  /** The index call tells the release (`allowRevealOfBBBVersion`). @default false */
  revealVersion?: boolean | undefined
  /** Hashes taken from clients. @default what the release takes */
  supportedChecksumAlgorithms?: readonly HashName[] | undefined
  /** The webhooks package; `false` when it is not installed (404). @default {} */
  webhooks?: FakeWebhooksOptions | false | undefined
  /** Public origin, as in join and playback links. @default the address of `serve()`, or the request's own */
  publicUrl?: string | undefined
  /** @default the operating system's */
  random?: RandomSource | undefined
  /** Milliseconds from the end of a recorded class to its published recording. @default 10000 */
  recordingDelayMs?: number | undefined
  /** Playback formats made of a recorded class. @default ['presentation'] */
  recordingFormats?: readonly string[] | undefined
  /** Only classes in which somebody pressed record (or `autoStartRecording`) give a recording. @default false */
  recordingNeedsMarks?: boolean | undefined
  /** Milliseconds a dropped connection may take to come back before `user-left`. @default 60000 */
  reconnectGraceMs?: number | undefined
  /** Milliseconds between an answered `end` and the end itself; real servers take a moment. @default 0 */
  endDelayMs?: number | undefined
  /** `getRecordings` without ids and limit lists everything. @default true */
  allowFetchAllRecordings?: boolean | undefined
  /** Sessions of one external user id at a time; a further one ends the oldest. @default 3 */
  maxUserConcurrentAccesses?: number | undefined
  /** @default '613-555-1234' */
  dialNumber?: string | undefined
  /** Called after every attempt to deliver a callback. */
  onDelivery?: ((delivery: Delivery) => void) | undefined
}

/** {@link FakeWebhooksOptions} with every default in place. */
export interface WebhooksSettings {
  readonly version: WebhooksVersion
  readonly auth: 'checksum' | 'bearer'
  readonly algorithm: HashName
  readonly domain: string
  readonly inOrder: boolean
  readonly multiEvent: number
  readonly timeoutMs: number
  readonly permanentUrls: readonly string[]
  readonly secondUserLeft: boolean
  readonly failedHooksGo: 'at-once' | 'at-restart'
}

/** {@link FakeBbbOptions} with every default in place. */
export interface Settings {
  readonly secret: string
  readonly clock: FakeClock
  readonly release: Release
  readonly revealVersion: boolean
  readonly algorithms: readonly HashName[]
  readonly webhooks: WebhooksSettings | undefined
  readonly publicUrl: string | undefined
  readonly random: RandomSource
  readonly recordingDelayMs: number
  readonly recordingFormats: readonly string[]
  readonly recordingNeedsMarks: boolean
  readonly reconnectGraceMs: number
  readonly endDelayMs: number
  readonly allowFetchAllRecordings: boolean
  readonly maxUserConcurrentAccesses: number
  readonly dialNumber: string
  readonly onDelivery: ((delivery: Delivery) => void) | undefined
}

/** Fills in the defaults. */
export function settingsOf(options: FakeBbbOptions): Settings {
  const release = releaseOf(options.version ?? '3.0')
  return {
    secret: options.secret,
    clock: options.clock ?? systemClock,
    release,
    revealVersion: options.revealVersion ?? false,
    algorithms: options.supportedChecksumAlgorithms ?? release.checksumAlgorithms,
    webhooks: options.webhooks === false ? undefined : webhooksSettings(options.webhooks ?? {}),
    publicUrl: options.publicUrl?.replace(/\/+$/, ''),
    random: options.random ?? systemRandom,
    recordingDelayMs: options.recordingDelayMs ?? 10_000,
    recordingFormats: options.recordingFormats ?? ['presentation'],
    recordingNeedsMarks: options.recordingNeedsMarks ?? false,
    reconnectGraceMs: options.reconnectGraceMs ?? 60_000,
    endDelayMs: options.endDelayMs ?? 0,
    allowFetchAllRecordings: options.allowFetchAllRecordings ?? true,
    maxUserConcurrentAccesses: options.maxUserConcurrentAccesses ?? 3,
    dialNumber: options.dialNumber ?? '613-555-1234',
    onDelivery: options.onDelivery,
  }
}

function webhooksSettings(options: FakeWebhooksOptions): WebhooksSettings {
  const version = options.version ?? '3.5.0'
  const old = version === '2.6.1'
  return {
    version,
    auth: options.auth ?? 'checksum',
    algorithm: old ? 'sha1' : (options.algorithm ?? 'sha1'),
    domain: options.domain ?? 'bbb.example.org',
    inOrder: old || (options.inOrder ?? false),
    multiEvent: old ? (options.multiEvent ?? 1) : 1,
    timeoutMs: options.timeoutMs ?? 5_000,
    permanentUrls: options.permanentUrls ?? [],
    secondUserLeft: !old && (options.secondUserLeft ?? false),
    failedHooksGo: options.failedHooksGo ?? (old ? 'at-once' : 'at-restart'),
  }
}
