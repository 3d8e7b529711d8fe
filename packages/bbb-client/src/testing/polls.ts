import type { Meeting, Person } from './meeting.ts'
import type { World } from './world.ts'

/** Starts a poll and gives its id. */
export function startPoll(
  world: World,
  meeting: Meeting,
  person: Person,
  question: string,
  options: readonly string[],
): string {
  const startedAt = world.clock.now()
  const id = `${world.identifiers.hex(40)}-${meeting.createTime}/1/${startedAt}`
  const poll = { id, question, options, startedAt, votes: new Map<string, string>() }
  meeting.polls.push(poll)
  world.emit({ id: 'poll-started', meeting, person, poll })
  return id
}

/** Answers a poll. The event names the presenter, as the real service does. */
export function vote(world: World, meeting: Meeting, person: Person, pollID: string, answer: string): void {
  const poll = meeting.polls.find(({ id }) => id === pollID)
  const answerId = poll?.options.indexOf(answer) ?? -1
  if (!poll || answerId < 0 || person.status !== 'present') return
  poll.votes.set(person.internalId, answer)
  person.engagement.pollVotes++
  const presenter = meeting.people.find(other => other.presenter) ?? person
  world.emit({ id: 'poll-responded', meeting, person: presenter, poll, answerId })
}
