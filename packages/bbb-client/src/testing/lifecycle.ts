import { sendAnalytics } from './analytics.ts'
import { sendMeetingEnded } from './end-callbacks.ts'
import { hasRecordingMarks, integerOf, javaBoolean, type Meeting, type MeetingTimer, presentPeople } from './meeting.ts'
import { leaveAtEnd } from './presence.ts'
import { processRecording } from './recording-pipeline.ts'
import type { World } from './world.ts'

const minuteMs = 60_000

/** Opens a meeting and starts the clocks that may end it. */
export function openMeeting(world: World, meeting: Meeting): void {
  world.meetings.add(meeting)
  world.emit({ id: 'meeting-created', meeting })
  const unjoined = integerOf(meeting.parameters.get('meetingExpireIfNoUserJoinedInMinutes'), 5)
  if (unjoined > 0) after(world, meeting, 'unjoined', unjoined * minuteMs, () => endMeeting(world, meeting))
  if (meeting.duration > 0) {
    after(world, meeting, 'duration', meeting.duration * minuteMs, () => endMeeting(world, meeting))
  }
}

/** (Re)starts one of a meeting's own timers. */
export function after(world: World, meeting: Meeting, name: MeetingTimer, ms: number, callback: () => void): void {
  stop(world, meeting, name)
  const timer = world.clock.setTimeout(() => {
    meeting.timers.delete(name)
    callback()
  }, ms)
  meeting.timers.set(name, timer)
}

function stop(world: World, meeting: Meeting, name: MeetingTimer): void {
  const timer = meeting.timers.get(name)
  if (timer) world.clock.clearTimeout(timer)
  meeting.timers.delete(name)
}

/** Starts or stops the clocks that depend on who is there. To be called after every arrival and departure. */
export function watchAttendance(world: World, meeting: Meeting): void {
  if (meeting.ended) return
  const present = presentPeople(meeting)
  if (present.length > 0) {
    stop(world, meeting, 'unjoined')
    stop(world, meeting, 'empty')
  } else if (meeting.startTime > 0) {
    const minutes = integerOf(meeting.parameters.get('meetingExpireWhenLastUserLeftInMinutes'), 1)
    if (minutes > 0) after(world, meeting, 'empty', minutes * minuteMs, () => endMeeting(world, meeting))
  }
  if (!javaBoolean(meeting.parameters.get('endWhenNoModerator'))) return
  if (present.some(person => person.role === 'MODERATOR')) {
    stop(world, meeting, 'moderators')
  } else if (meeting.people.some(person => person.role === 'MODERATOR' && person.visits.length > 0)) {
    const minutes = integerOf(meeting.parameters.get('endWhenNoModeratorDelayInMinutes'), 1)
    after(world, meeting, 'moderators', minutes * minuteMs, () => endMeeting(world, meeting))
  }
}

/** Ends a meeting: everybody out, callbacks sent, the recording (if any) handed to the processing scripts. */
export function endMeeting(world: World, meeting: Meeting): void {
  if (meeting.ended) return
  meeting.ended = true
  meeting.endTime = world.clock.now()
  for (const timer of meeting.timers.values()) world.clock.clearTimeout(timer)
  meeting.timers.clear()
  world.meetings.remove(meeting)
  for (const room of world.meetings.list()) {
    if (room.breakout?.parentId === meeting.internalId) endMeeting(world, room)
  }
  const there = leaveAtEnd(world, meeting)
  for (const person of there) world.emit({ id: 'user-left', meeting, person, how: 'made-up' })
  world.emit({ id: 'meeting-ended', meeting })
  if (world.settings.webhooks?.secondUserLeft) {
    for (const person of there) world.emit({ id: 'user-left', meeting, person, how: 'repeated' })
  }
  sendMeetingEnded(world, meeting)
  sendAnalytics(world, meeting)
  if (hasRecordingMarks(meeting, world.settings.recordingNeedsMarks)) processRecording(world, meeting)
}
