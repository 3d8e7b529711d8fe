import type { FakeTimer } from './clock.ts'
import type { RecordingStep } from './events.ts'
import type { Meeting } from './meeting.ts'
import { sendRecordingReady } from './ready-callback.ts'
import type { Recording } from './recordings.ts'
import type { World } from './world.ts'

interface Step {
  /** When, as a share of the whole processing time. */
  readonly at: number
  readonly run: () => void
}

interface Pipeline {
  readonly steps: Step[]
  timer: FakeTimer | undefined
}

const pipelines = new WeakMap<Recording, Pipeline>()

/** The recording of a meeting that has just ended: in the list at once, published after the processing time. */
export function processRecording(world: World, meeting: Meeting): Recording {
  const recording: Recording = {
    recordID: meeting.internalId,
    meetingID: meeting.externalId,
    name: meeting.name,
    isBreakout: meeting.breakout !== undefined,
    breakout: meeting.breakout,
    state: 'processing',
    startTime: meeting.startTime,
    endTime: 0,
    participants: 0,
    rawSize: 0,
    metadata: new Map([
      ['isBreakout', String(meeting.breakout !== undefined)],
      ['meetingId', meeting.externalId],
      ['meetingName', meeting.name],
      ...meeting.metadata,
    ]),
    formats: [],
    textTracks: undefined,
  }
  world.recordings.add(recording)
  const pipeline: Pipeline = { steps: stepsOf(world, meeting, recording), timer: undefined }
  pipelines.set(recording, pipeline)
  runDue(world, pipeline, world.clock.now())
  return recording
}

/** Does at once what is left of a recording's processing. */
export function finishRecording(world: World, recording: Recording): void {
  const pipeline = pipelines.get(recording)
  if (!pipeline) return
  if (pipeline.timer) world.clock.clearTimeout(pipeline.timer)
  for (const step of pipeline.steps.splice(0)) step.run()
}

function runDue(world: World, pipeline: Pipeline, startedAt: number): void {
  const total = world.settings.recordingDelayMs
  for (let step = pipeline.steps[0]; step; step = pipeline.steps[0]) {
    const wait = startedAt + step.at * total - world.clock.now()
    if (wait > 0) {
      pipeline.timer = world.clock.setTimeout(() => runDue(world, pipeline, startedAt), wait)
      return
    }
    pipeline.steps.shift()
    step.run()
  }
}

function stepsOf(world: World, meeting: Meeting, recording: Recording): Step[] {
  const stepTimeMs = Math.round(world.settings.recordingDelayMs / 10)
  const report = (at: number, id: RecordingStep, workflow?: string): Step => ({
    at,
    run: () => world.emit({ id, recording, workflow, stepTimeMs }),
  })
  const formats = world.settings.recordingFormats
  const workflow = 'post_publish_recording_ready_callback'
  return [
    report(0, 'rap-archive-started'),
    report(0.1, 'rap-archive-ended'),
    report(0.1, 'rap-sanity-started'),
    report(0.2, 'rap-sanity-ended'),
    ...formats.flatMap((format, index): Step[] => {
      const share = (part: number) => 0.2 + (0.8 * (index + part)) / formats.length
      return [
        report(share(0), 'rap-process-started', format),
        report(share(0.7), 'rap-process-ended', format),
        report(share(0.7), 'rap-publish-started', format),
        { at: share(1), run: () => publishFormat(world, meeting, recording, format) },
        report(share(1), 'rap-publish-ended', format),
        report(share(1), 'rap-post-publish-started', workflow),
        { at: share(1), run: () => sendRecordingReady(world, recording) },
        report(share(1), 'rap-post-publish-ended', workflow),
      ]
    }),
  ]
}

function publishFormat(world: World, meeting: Meeting, recording: Recording, type: string): void {
  const durationMs = meeting.endTime - meeting.startTime
  recording.endTime = meeting.endTime
  recording.participants = new Set(
    meeting.people.filter(person => person.visits.length > 0).map(person => person.externalId),
  ).size
  recording.rawSize = 100_000 + Math.round(durationMs * 0.8)
  recording.formats.push({
    type,
    processingTimeMs: Math.round(world.settings.recordingDelayMs * 0.8),
    length: Math.floor(durationMs / 60_000),
    size: 50_000 + Math.round(durationMs * 0.3),
  })
  if (recording.state === 'processing') recording.state = 'published'
}
