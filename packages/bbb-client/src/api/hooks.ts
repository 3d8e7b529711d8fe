import { flag, opaqueId, optionalMeetingId, required, words } from '../codecs.ts'
import { byTable, type Codec, checkText, paramTable, refuse } from '../params.ts'
import type { Reader } from '../reader.ts'
import { extra, type StringMap } from './maps.ts'
import type { Operation } from './operation.ts'

/** A registered callback, as bbb-webhooks lists it. */
export interface Hook {
  /** Opaque: a number in 2.x, a UUID in 3.x. */
  readonly hookID: string
  readonly callbackURL: string
  /** `null`: hears of every meeting. */
  readonly meetingID: string | null
  /** Event ids it hears of; `null`: all. */
  readonly eventID: readonly string[] | null
  /** Set in the server's configuration; cannot be removed by the API. */
  readonly permanentHook: boolean
  /** Gets the server's internal messages instead of events. */
  readonly rawData: boolean
}

/** Parameters of `hooks.create`. */
export interface CreateHookParams {
  /**
   * Where callbacks go, and their identity: a second create with the same URL changes nothing. Must be written as URLs
   * normalise (`new URL(url).href`), without user name and fragment, so that the signature can be checked.
   */
  readonly callbackURL: string
  /** Only this meeting. Some releases ignore it, so filter in the receiver too. @default all */
  readonly meetingID?: string | undefined
  /** Only these events. bbb-webhooks forgets such hooks when it restarts. @default all */
  readonly eventID?: readonly string[] | undefined
  /** @default false */
  readonly getRaw?: boolean | undefined
  readonly extra?: StringMap | undefined
}

/** What `hooks.create` answers. */
export interface CreatedHook {
  readonly hookID: string
  /** The URL was registered before; its old settings stand. Look at `hooks.list` before trusting it. */
  readonly duplicate: boolean
  /** `null` for a duplicate, of which the server says no more. */
  readonly permanentHook: boolean | null
  readonly rawData: boolean | null
}

const callbackUrl: Codec<string> = {
  encode(out, name, value, context) {
    const given = checkText(value, name, context)
    const parsed = URL.parse(given)
    if (parsed === null || !/^https?:$/.test(parsed.protocol))
      return refuse(context, name, 'must be an absolute http(s) URL')
    if (parsed.username !== '' || parsed.password !== '')
      refuse(context, name, 'must not hold a user name or password: bbb-webhooks never calls such a URL')
    if (given.includes('#')) refuse(context, name, 'must not hold a fragment: the signature would be lost in it')
    if (parsed.href !== given)
      refuse(context, name, 'must be written as new URL(url).href, or signatures cannot be checked')
    if (parsed.searchParams.has('checksum')) refuse(context, name, 'must not hold a parameter named checksum')
    out.add(name, given)
  },
}

const createTable = paramTable<CreateHookParams>({
  callbackURL: required(callbackUrl),
  meetingID: optionalMeetingId(),
  eventID: words(/^[a-z][a-z0-9-]{1,63}$/),
  getRaw: flag(),
  extra: extra(),
})

function decodeHook(reader: Reader): Hook {
  return {
    hookID: reader.identity('hookID'),
    callbackURL: reader.identity('callbackURL'),
    meetingID: reader.filled('meetingID'),
    eventID:
      reader
        .filled('eventID')
        ?.split(',')
        .map(id => id.trim()) ?? null,
    permanentHook: reader.boolean('permanentHook') ?? false,
    rawData: reader.boolean('rawData') ?? false,
  }
}

/** Registers a callback; again with the same URL it only says so. */
export const createHook: Operation<CreateHookParams, CreatedHook> = {
  call: 'hooks/create',
  repeat: 'safe',
  encode(out, params, context) {
    byTable(createTable)(out, params, context)
    if (out.get('getRaw') === 'true' && out.get('eventID') !== undefined)
      refuse(context, 'eventID', 'together with getRaw delivers nothing')
  },
  decode: response => ({
    hookID: response.identity('hookID'),
    duplicate: response.text('messageKey') === 'duplicateWarning',
    permanentHook: response.boolean('permanentHook'),
    rawData: response.boolean('rawData'),
  }),
}

/** Parameters of `hooks.list`. */
export interface ListHooksParams {
  readonly extra?: StringMap | undefined
}

const listTable = paramTable<ListHooksParams>({ extra: extra() })

/** Every registered callback. Without a meeting on purpose: several releases fail on that filter. */
export const listHooks: Operation<ListHooksParams, readonly Hook[]> = {
  call: 'hooks/list',
  repeat: 'safe',
  encode: byTable(listTable),
  decode: response => response.answer('hooks', 'hook', null, decodeHook),
}

/** Parameters of `hooks.destroy`. */
export interface DestroyHookParams {
  readonly hookID: string
  readonly extra?: StringMap | undefined
}

const destroyTable = paramTable<DestroyHookParams>({ hookID: opaqueId(), extra: extra() })

/** Removes a callback. `false`: there was none of that id (or it is permanent). Of two tries the first may have removed it. */
export const destroyHook: Operation<DestroyHookParams, boolean> = {
  call: 'hooks/destroy',
  repeat: 'safe',
  encode: byTable(destroyTable),
  decode: () => true,
  absent: (failure, repeated) => (failure.messageKey === 'destroyMissingHook' ? { result: repeated } : undefined),
}

/** Whether bbb-webhooks answers at all; unsigned. */
export const pingHooks: Operation<ListHooksParams, boolean> = {
  call: 'hooks/ping',
  repeat: 'safe',
  encode: byTable(listTable),
  decode: () => true,
  decodeText: body => (/bbb-webhooks/.test(body) && !body.trimStart().startsWith('<') ? true : undefined),
}
