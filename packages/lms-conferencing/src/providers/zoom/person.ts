import { createHmac } from 'node:crypto'
import { isSameText } from './secret.ts'

/** How a participant is tied to a user of the LMS: by an address that only we can make. Pure. */

/** Who somebody is, as far as Zoom knows. Names are no identity, so none is here. */
export interface ZoomIdentity {
  readonly registrantId: string | undefined
  /** Set by a page of the LMS that joins through Zoom's Meeting SDK. */
  readonly customerKey: string | undefined
  /** Of somebody who was signed in to Zoom. */
  readonly zoomUserId: string | undefined
  /** Trimmed, in lower case. */
  readonly email: string | undefined
}

/** An application's own knowledge: a Zoom identity → the LMS's user id; `undefined` when it knows nobody. */
export type PersonOf = (identity: ZoomIdentity) => string | undefined

/** The local part of an address has 64 characters (RFC 5321). */
const MAX_LOCAL = 64
const TAG_DIGITS = 12

/**
 * The addresses under which students are registered with Zoom: the LMS's user id and a tag made with a secret, at a
 * domain that takes no mail. So a student's name and mail address stay here, nobody can register as somebody else, and
 * every callback says who it is about without anything to look up.
 */
export class RegistrantAddresses {
  readonly #key: Buffer
  readonly #domain: string

  constructor(secret: string, domain: string) {
    this.#key = createHmac('sha256', secret).update('lms-conferencing registrant addresses').digest()
    this.#domain = domain.toLowerCase()
  }

  /** `null` when the id is too long for an address. */
  of(userId: string): string | null {
    const local = `u-${encode(userId)}.z${this.#tag(userId)}`
    return local.length > MAX_LOCAL ? null : `${local}@${this.#domain}`
  }

  /** The user id of an address of ours; `null` for every other. */
  userOf(email: string): string | null {
    const match = /^u-(.+)\.z([0-9a-f]{12})@(.+)$/.exec(email.trim().toLowerCase())
    const [, encoded = '', tag = '', domain = ''] = match ?? []
    if (domain !== this.#domain) return null
    const userId = decode(encoded)
    return userId !== null && isSameText(tag, this.#tag(userId)) ? userId : null
  }

  #tag(userId: string): string {
    return createHmac('sha256', this.#key).update(userId).digest('hex').slice(0, TAG_DIGITS)
  }
}

/** Letters that mail keeps stand for themselves; every other byte is `.` and two hex digits. */
function encode(userId: string): string {
  let encoded = ''
  for (const byte of Buffer.from(userId, 'utf8')) {
    const character = String.fromCharCode(byte)
    encoded += /[a-z0-9_-]/.test(character) ? character : `.${byte.toString(16).padStart(2, '0')}`
  }
  return encoded
}

function decode(encoded: string): string | null {
  if (!/^(?:[a-z0-9_-]|\.[0-9a-f]{2})+$/.test(encoded)) return null
  const bytes = encoded
    .match(/\.[0-9a-f]{2}|./g)
    ?.map(part => (part.length === 3 ? Number.parseInt(part.slice(1), 16) : part.charCodeAt(0)))
  return Buffer.from(bytes ?? []).toString('utf8')
}

/**
 * Our user id, in the order of what can be trusted: a registration of ours, a key set by the LMS's own page, then
 * whatever the application knows. Nobody is guessed.
 */
export function personResolver(addresses: RegistrantAddresses, people: PersonOf = () => undefined): PersonOf {
  return identity => {
    const registered = identity.email === undefined ? null : addresses.userOf(identity.email)
    return registered ?? identity.customerKey ?? people(identity)
  }
}

/** The fields of a participant that say who it is, in callbacks and reports alike. */
export function identityOf(fields: {
  readonly registrant_id?: string | undefined
  readonly customer_key?: string | undefined
  readonly participant_user_id?: string | undefined
  readonly email?: string | undefined
}): ZoomIdentity {
  const email = fields.email?.trim().toLowerCase()
  return {
    registrantId: fields.registrant_id,
    customerKey: fields.customer_key,
    zoomUserId: fields.participant_user_id,
    email: email === '' ? undefined : email,
  }
}
