import { type Meeting, type Person, presentPeople } from './meeting.ts'
import type { World } from './world.ts'

/** Takes everybody out of an ending meeting and says who was there. */
export function leaveAtEnd(world: World, meeting: Meeting): Person[] {
  const there = presentPeople(meeting)
  for (const person of there) {
    muteAt(world, person)
    depart(world, person)
  }
  return there
}

/** Ends the person's visit. */
export function depart(world: World, person: Person): void {
  if (person.lost) world.clock.clearTimeout(person.lost)
  person.lost = undefined
  person.status = 'left'
  person.handRaised = false
  const visit = person.visits.at(-1)
  if (visit && visit.leftAt === undefined) visit.leftAt = world.clock.now()
}

/** Closes the microphone and counts the time it was open. */
export function muteAt(world: World, person: Person): void {
  if (person.voice) person.voice.muted = true
  if (person.talkingSince === undefined) return
  person.engagement.talkMs += world.clock.now() - person.talkingSince
  person.lastTalkedAt = world.clock.now()
  person.talkingSince = undefined
}
