import { type Meeting, presentPeople } from '../meeting.ts'
import { playbackUrl } from '../recording-xml.ts'
import type { Recording } from '../recordings.ts'
import type { World } from '../world.ts'
import { escapeHtml, page } from './layout.ts'

/** What is going on: running meetings and recordings. No join links: those are made by the application. */
export function startPage(world: World): string {
  const meetings = world.meetings.list()
  const recordings = world.recordings.list().filter(({ state }) => state !== 'deleted')
  return page(
    'BigBlueButton (fake)',
    `<h1>BigBlueButton (fake)</h1>
<p class="note">A stand-in for a BigBlueButton ${escapeHtml(world.settings.release.text)} server. Rooms open through the join links of your application.</p>
<div class="grid" style="margin-top:1rem">
<section class="card" aria-labelledby="meetings"><h2 id="meetings">Meetings</h2>${table(['Name', 'People', 'Recorded'], meetings.map(meetingRow), 'No meeting is running.')}</section>
<section class="card" aria-labelledby="recordings"><h2 id="recordings">Recordings</h2>${table(
      ['Name', 'State', 'Watch'],
      recordings.map(recording => recordingRow(recording, world.publicUrl())),
      'Nothing has been recorded.',
    )}</section>
</div>`,
  )
}

/** The playback of a published recording. */
export function playbackPage(recording: Recording, format: string): string {
  const minutes = Math.max(0, Math.round((recording.endTime - recording.startTime) / 60_000))
  return page(
    `${recording.name} – recording`,
    `<h1>${escapeHtml(recording.name)}</h1>
<p class="note">Recording (${escapeHtml(format)}), ${minutes} min, ${recording.participants} participants</p>
<div class="card" style="margin-top:1rem"><div class="stage" role="img" aria-label="Recorded slides">${escapeHtml(recording.name)}</div></div>`,
  )
}

function meetingRow(meeting: Meeting): string {
  const people = presentPeople(meeting).length
  const recorded = meeting.recordingNow ? 'now' : meeting.record ? 'yes' : 'no'
  return `<tr><td>${escapeHtml(meeting.name)}</td><td>${people}</td><td>${recorded}</td></tr>`
}

function recordingRow(recording: Recording, publicUrl: string): string {
  const links = recording.formats.map(
    format =>
      `<a href="${escapeHtml(playbackUrl(recording, format, publicUrl))}">${escapeHtml(format.type)}<span class="sr"> of ${escapeHtml(recording.name)}</span></a>`,
  )
  const watch = recording.state === 'published' ? links.join(' ') : '–'
  return `<tr><td>${escapeHtml(recording.name)}</td><td>${recording.state}</td><td>${watch}</td></tr>`
}

function table(heads: readonly string[], rows: readonly string[], none: string): string {
  if (rows.length === 0) return `<p class="note">${none}</p>`
  const head = heads.map(text => `<th scope="col">${text}</th>`).join('')
  return `<table><thead><tr>${head}</tr></thead><tbody>${rows.join('')}</tbody></table>`
}
