import { ConferencingError } from '../../errors.ts'
import type { Meeting, Participant } from '../../model.ts'
import type { TimeLeft, ZoomApi } from './api.ts'
import { addRegistrant, allRows, getMeeting, type ListedRegistrant, listRegistrants } from './calls.ts'
import type { RegistrantAddresses } from './person.ts'

/** How many meetings' registrants are remembered. */
const MAX_MEETINGS = 500
const MAX_NAME = 64

/** The way in of one meeting: by registration, or the one link for all. */
interface Door {
  readonly shared: string | null
  /** Links by address. */
  readonly links: Map<string, Promise<string>>
}

/**
 * Personal links. Zoom lets a person register three times a day, so nobody is registered again per click: what a
 * meeting's list says is read once, and each link is remembered. In memory only.
 */
export class Registrants {
  readonly #api: ZoomApi
  readonly #addresses: RegistrantAddresses
  readonly #doors = new Map<string, Promise<Door>>()

  constructor(api: ZoomApi, addresses: RegistrantAddresses) {
    this.#api = api
    this.#addresses = addresses
  }

  /** The link of one person, who is registered with it if need be. */
  async linkFor({ meetingId }: Meeting, participant: Participant, left: TimeLeft): Promise<string> {
    // What others may come to share is not ended by one caller's signal.
    const time: TimeLeft = () => ({ deadlineMs: left().deadlineMs })
    const { shared, links } = await this.#door(meetingId, time)
    if (shared !== null) return shared
    const email = this.#addresses.of(participant.userId)
    if (email === null) {
      throw new ConferencingError('UNSUPPORTED', 'The user id is too long for a Zoom registrant.', {
        provider: 'zoom',
        outcome: 'not-sent',
        userMessage: 'Your account cannot join this class. Please tell an administrator.',
      })
    }
    const known = links.get(email)
    if (known !== undefined) return known
    const link = this.#register(meetingId, email, participant.displayName, time)
    links.set(email, link)
    link.catch(() => links.delete(email))
    return link
  }

  /** Registrant ids → addresses, for reports that name ids only. */
  async addressesOf(meetingId: string, left: TimeLeft): Promise<ReadonlyMap<string, string>> {
    const rows = await allRows(this.#api, listRegistrants(meetingId), left)
    return new Map(rows.flatMap(({ id, email }) => (email === undefined ? [] : [[id, email] as const])))
  }

  #door(meetingId: string, left: TimeLeft): Promise<Door> {
    const known = this.#doors.get(meetingId)
    if (known !== undefined) return known
    const door = this.#openDoor(meetingId, left)
    this.#doors.set(meetingId, door)
    door.catch(() => this.#doors.delete(meetingId))
    for (const oldest of this.#doors.keys()) {
      if (this.#doors.size <= MAX_MEETINGS) break
      this.#doors.delete(oldest)
    }
    return door
  }

  async #openDoor(meetingId: string, left: TimeLeft): Promise<Door> {
    const { settings, join_url: joinUrl } = await this.#api.call(getMeeting(meetingId), left())
    // Zoom's default is a meeting without registration; old classes may be such.
    if ((settings?.approval_type ?? 2) === 2) return { shared: joinUrl ?? null, links: new Map() }
    const rows = await allRows(this.#api, listRegistrants(meetingId), left)
    return { shared: null, links: new Map(rows.flatMap(linkOf)) }
  }

  async #register(meetingId: string, email: string, name: string, left: TimeLeft): Promise<string> {
    const registrant = await this.#api.call(
      addRegistrant(meetingId, { email, first_name: name.slice(0, MAX_NAME).toWellFormed(), auto_approve: true }),
      left(),
    )
    if (registrant.join_url !== undefined) return registrant.join_url
    throw new ConferencingError('REFUSED', 'Zoom registered without giving a link: registration wants approval.', {
      provider: 'zoom',
      outcome: 'refused',
      userMessage: 'Your teacher has to let you in at Zoom first.',
    })
  }
}

const linkOf = ({ email, join_url: link }: ListedRegistrant): readonly (readonly [string, Promise<string>])[] =>
  email === undefined || link === undefined ? [] : [[email.trim().toLowerCase(), Promise.resolve(link)]]
