import { ConferencingError } from '../../src/errors.ts'
import type { EventSource } from '../../src/inbox/index.ts'
import type { ConferenceEvent } from '../../src/model.ts'

/** A provider whose callbacks are lists of events, as JSON. */
export const jsonProvider: EventSource = {
  events({ body }) {
    const text = new TextDecoder().decode(body)
    if (!text.startsWith('[')) throw new ConferencingError('INVALID', 'The callback is no list.')
    const events: readonly ConferenceEvent[] = JSON.parse(text)
    return events
  },
}
