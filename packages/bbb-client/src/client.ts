import { inspect } from 'node:util'
import { type CreatedMeeting, create } from './api/create.ts'
import type { CreateParams } from './api/create-params.ts'
import { type InsertDocumentParams, insertDocument } from './api/documents.ts'
import { type FreeCallParams, type FreeCallResult, freeCall } from './api/free-call.ts'
import {
  type CreatedHook,
  type CreateHookParams,
  createHook,
  type DestroyHookParams,
  destroyHook,
  type Hook,
  type ListHooksParams,
  listHooks,
  pingHooks,
} from './api/hooks.ts'
import { type JoinedSession, type JoinParams, join, joinLink } from './api/join.ts'
import {
  end,
  getMeetingInfo,
  getMeetings,
  getSessions,
  isMeetingRunning,
  type ListParams,
  type MeetingInfo,
  type MeetingParams,
  type SendChatMessageParams,
  type ServerVersion,
  type Session,
  sendChatMessage,
  version,
} from './api/meetings.ts'
import type { Operation } from './api/operation.ts'
import { PAGE, readAllPages } from './api/paging.ts'
import {
  type DeleteRecordingsParams,
  deleteRecordings,
  type GetRecordingsParams,
  getRecordingsPage,
  mergeRecordings,
  type PublishRecordingsParams,
  publishRecordings,
  type Recording,
  type UpdateRecordingsParams,
  updateRecordings,
} from './api/recordings.ts'
import {
  getRecordingTextTracks,
  type PutTextTrackParams,
  putRecordingTextTrack,
  type TextTrack,
  type TextTracksParams,
} from './api/text-tracks.ts'
import { type CallContext, type CallOptions, call, encodeContext, signedPath } from './call.ts'
import { type BbbClientOptions, resolveOptions } from './config.ts'
import { BbbError } from './errors.ts'
import { CircuitBreaker } from './http/breaker.ts'
import { RetryBudget } from './http/retry.ts'
import { type EncodeContext, RequestDraft } from './params.ts'
import { type ClientTransport, clientTransport } from './transport.ts'

/**
 * The BigBlueButton API of one server, or of a load balancer in front of many. Holds the shared secret privately:
 * printing, copying or serialising a client shows the address only. Constructing sends nothing.
 *
 * Every call takes `(params, options?)`, and rejects with a {@link BbbError} or with the reason of `options.signal`.
 *
 * @example
 * ```ts
 * const bbb = new BbbClient({ url: 'https://bbb.example.org', secret: process.env.BBB_SHARED_SECRET ?? '' })
 * const meeting = await bbb.create({ meetingID: 'physics-2026-11-22', name: 'Physics', record: true })
 * const link = bbb.joinUrl({ meetingID: meeting.meetingID, fullName: 'Ada', role: 'MODERATOR', createTime: meeting.createTime })
 * ```
 */
export class BbbClient {
  readonly #context: CallContext
  readonly #transport: ClientTransport
  readonly #joinContext: EncodeContext

  /** Throws `BbbConfigError` when an option is missing or unsafe. */
  constructor(options: BbbClientOptions) {
    const resolved = resolveOptions(options)
    const said = new Set<string>()
    this.#transport = clientTransport(options)
    this.#context = {
      options: resolved,
      transport: this.#transport.send,
      health: { budget: new RetryBudget(), breaker: new CircuitBreaker(resolved.breaker) },
      warn: message => {
        if (said.size > 1000 || said.has(message)) return
        said.add(message)
        resolved.onWarning(message)
      },
    }
    this.#joinContext = encodeContext(joinLink.call, this.#context)
    if (resolved.checksum === 'sha1' || resolved.hooksChecksum === 'sha1')
      this.#context.warn('checksum: SHA-1 is weak; use sha256 wherever the server takes it')
  }

  /**
   * A client for an address that comes from a tenant's or user's data instead of your own configuration: it connects to
   * public addresses only, unless `blockPrivateNetworks: false` says otherwise.
   */
  static forTenant(options: BbbClientOptions): BbbClient {
    // Not a spread, which would read a getter for the secret once and for all.
    const own: BbbClientOptions = Object.defineProperties(
      { url: '', secret: '' },
      {
        ...Object.getOwnPropertyDescriptors(options),
        blockPrivateNetworks: { value: options.blockPrivateNetworks ?? true },
      },
    )
    return new BbbClient(own)
  }

  /** The server's address, without secrets: scheme, host and API path. */
  get url(): string {
    return this.#context.options.origin + this.#context.options.basePath
  }

  /**
   * Lets calls under way end and refuses further ones. Connections that the client made for itself (`ca`,
   * `blockPrivateNetworks`) are closed; those of a dispatcher belong to whoever made it.
   */
  close(): Promise<void> {
    return this.#transport.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #call<P, R>(operation: Operation<P, R>, params: P, options: CallOptions = {}): Promise<R> {
    return call(operation, params, options, this.#context)
  }

  /**
   * Makes a meeting, or finds the running one of the same id. Repeatable without harm when both passwords are given.
   * Throws `idNotUnique` when it runs with other passwords.
   */
  create(params: CreateParams, options?: CallOptions): Promise<CreatedMeeting> {
    return this.#call(create, params, options)
  }

  /**
   * The link that lets one person in. Sends nothing. Whoever holds the link can use it until the meeting ends: make it
   * when it is clicked, and store it nowhere.
   */
  joinUrl(params: JoinParams): string {
    const out = new RequestDraft()
    joinLink.encode(out, params, this.#joinContext)
    return this.#context.options.origin + signedPath(joinLink.call, out.toString(), this.#context.options)
  }

  /** Joins from the back end. Nearly always you want {@link joinUrl} instead; see the operation's notes. */
  join(params: JoinParams, options?: CallOptions): Promise<JoinedSession> {
    return this.#call(join, params, options)
  }

  /** Whether anybody is in the meeting. A meeting that is created but empty, unknown or over is `false`. */
  isMeetingRunning(params: MeetingParams, options?: CallOptions): Promise<boolean> {
    return this.#call(isMeetingRunning, params, options)
  }

  /** A meeting and who is in it; `null` when there is none of that id. */
  getMeetingInfo(params: MeetingParams, options?: CallOptions): Promise<MeetingInfo | null> {
    return this.#call(getMeetingInfo, params, options)
  }

  /** All meetings of the server. */
  getMeetings(params: ListParams = {}, options?: CallOptions): Promise<readonly MeetingInfo[]> {
    return this.#call(getMeetings, params, options)
  }

  /**
   * Ends a meeting for everybody. `true`: taken (it ends a moment later); `false`: there is no such meeting.
   * When the answer gets lost, a look at the meeting decides; if it is still there, the error says `outcome: 'unknown'`.
   */
  async end(params: MeetingParams, options?: CallOptions): Promise<boolean> {
    try {
      return await this.#call(end, params, options)
    } catch (error) {
      if (!(error instanceof BbbError) || error.outcome !== 'unknown') throw error
      const info = await this.#call(getMeetingInfo, params, options).catch(() => undefined)
      options?.signal?.throwIfAborted()
      if (info === null) return true
      throw error
    }
  }

  /** Browser sessions of all meetings. Undocumented by BigBlueButton, not offered by load balancers. */
  getSessions(params: ListParams = {}, options?: CallOptions): Promise<readonly Session[]> {
    return this.#call(getSessions, params, options)
  }

  /** Adds documents to a running meeting. */
  insertDocument(params: InsertDocumentParams, options?: CallOptions): Promise<void> {
    return this.#call(insertDocument, params, options)
  }

  /** Says something in the public chat of a running meeting. Since 3.0. */
  sendChatMessage(params: SendChatMessageParams, options?: CallOptions): Promise<void> {
    return this.#call(sendChatMessage, params, options)
  }

  /** Recordings, newest first: one request, with paging only where `limit` asks for it. */
  async getRecordings(params: GetRecordingsParams = {}, options?: CallOptions): Promise<readonly Recording[]> {
    const page = await this.#call(getRecordingsPage, params, options)
    return mergeRecordings(page.recordings)
  }

  /**
   * All recordings that match, newest first, page by page where the server can; each appears once and whole. They are
   * given out when the last page is there, because formats of one recording may be spread over pages. A list that
   * changes while it is read is read again; `BbbResponseError` with `paging` when it never holds still.
   */
  async *recordings(
    params: Omit<GetRecordingsParams, 'limit' | 'offset'> = {},
    options?: CallOptions,
  ): AsyncGenerator<Recording, void, undefined> {
    yield* await readAllPages(offset => this.#call(getRecordingsPage, { ...params, limit: PAGE, offset }, options))
  }

  /** Publishes or unpublishes recordings. Throws `notFound` when none of them exists. */
  publishRecordings(params: PublishRecordingsParams, options?: CallOptions): Promise<void> {
    return this.#call(publishRecordings, params, options)
  }

  /** Deletes recordings for good. Throws `notFound` when none of them exists. */
  deleteRecordings(params: DeleteRecordingsParams, options?: CallOptions): Promise<void> {
    return this.#call(deleteRecordings, params, options)
  }

  /** Changes metadata of recordings. Throws `notFound` when none of them exists. */
  updateRecordings(params: UpdateRecordingsParams, options?: CallOptions): Promise<boolean> {
    return this.#call(updateRecordings, params, options)
  }

  /** Captions of a recording. */
  getRecordingTextTracks(params: TextTracksParams, options?: CallOptions): Promise<readonly TextTrack[]> {
    return this.#call(getRecordingTextTracks, params, options)
  }

  /** Adds captions to a recording. */
  putRecordingTextTrack(params: PutTextTrackParams, options?: CallOptions): Promise<void> {
    return this.#call(putRecordingTextTrack, params, options)
  }

  /** What the server says of itself. Unsigned. */
  version(params: ListParams = {}, options?: CallOptions): Promise<ServerVersion> {
    return this.#call(version, params, options)
  }

  /** The calls of bbb-webhooks, an optional package on the server: a BbbHttpError 404 means it is not installed. */
  readonly hooks = {
    /** Registers a callback. */
    create: (params: CreateHookParams, options?: CallOptions): Promise<CreatedHook> =>
      this.#call(createHook, params, options),
    /** All registered callbacks. */
    list: (params: ListHooksParams = {}, options?: CallOptions): Promise<readonly Hook[]> =>
      this.#call(listHooks, params, options),
    /** Removes a callback; `false` when there was none of that id. */
    destroy: (params: DestroyHookParams, options?: CallOptions): Promise<boolean> =>
      this.#call(destroyHook, params, options),
    /** Whether bbb-webhooks answers. Unsigned. */
    ping: (params: ListHooksParams = {}, options?: CallOptions): Promise<boolean> =>
      this.#call(pingHooks, params, options),
  }

  /**
   * A call this release does not know, under the same rules: one encoder, one signature, never repeated once sent.
   * `name` is one word, or two joined by a slash. The answer comes as a tree of text.
   */
  call(name: string, params: FreeCallParams = {}, options?: CallOptions): Promise<FreeCallResult> {
    return this.#call(freeCall(name), params, options)
  }

  toJSON(): { readonly url: string; readonly secret: '[redacted]' } {
    return { url: this.url, secret: '[redacted]' }
  }

  [inspect.custom](): string {
    return `BbbClient { url: '${this.url}', secret: [redacted] }`
  }
}
