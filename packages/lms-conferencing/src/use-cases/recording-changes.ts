import { ConferencingError } from '../errors.ts'
import type { Recording } from '../model.ts'
import type { ConferenceProvider, RecordingVisibility } from '../provider.ts'
import { type Context, loadClass, providerOf } from './context.ts'
import type { Recordings } from './recordings.ts'

/** What a teacher may do with one recording. */
export interface RecordingChanges {
  /**
   * Lets people watch a recording, or not. Throws `RECORDING_NOT_FOUND`, `CONFLICT` while it is processed and once it is
   * deleted, `UNSUPPORTED` where the provider cannot.
   */
  publish(classId: string, change: RecordingVisibility): Promise<Recording>
  /** Deletes one recording for good, at the provider too; again changes nothing. Throws as `publish`. */
  remove(classId: string, recordId: string): Promise<Recording>
}

export function createRecordingChanges(context: Context, recordings: Recordings): RecordingChanges {
  async function load(classId: string, recordId: string) {
    const { liveClass, meeting } = await loadClass(context, classId)
    const known = await context.store.read(tx => tx.listRecordings(context.tenantId, classId))
    const recording = known.find(one => one.recordId === recordId)
    if (!recording) {
      throw new ConferencingError('RECORDING_NOT_FOUND', 'There is no such recording.', {
        details: { class_id: classId, record_id: recordId },
      })
    }
    return { meeting, recording, provider: providerOf(context, liveClass.provider) }
  }

  return {
    async publish(classId, change) {
      const { meeting, recording, provider } = await load(classId, change.recordId)
      const to = change.published ? 'published' : 'unpublished'
      requireFinished(recording, to)
      if (recording.state === to && recording.published === change.published) return recording
      if (!provider.capabilities.publishRecordings || !provider.publishRecording) throw unsupported(provider)
      await provider.publishRecording(meeting, change, { deadlineMs: context.deadlineMs })
      return recordings.keep(classId, { ...recording, published: change.published, state: to })
    },

    async remove(classId, recordId) {
      const { meeting, recording, provider } = await load(classId, recordId)
      if (recording.state === 'deleted') return recording
      requireFinished(recording, 'deleted')
      if (!provider.capabilities.publishRecordings || !provider.deleteRecording) throw unsupported(provider)
      await provider.deleteRecording(meeting, recordId, { deadlineMs: context.deadlineMs })
      return recordings.keep(classId, { ...recording, published: false, state: 'deleted' })
    },
  }
}

/** Throws `CONFLICT`, naming both ends. */
function requireFinished({ recordId, state }: Recording, to: Recording['state']): void {
  if (state !== 'processing' && state !== 'deleted') return
  throw new ConferencingError('CONFLICT', `A recording that is ${state} cannot become ${to}.`, {
    userMessage:
      state === 'processing'
        ? 'This recording is still being processed. Please try again later.'
        : 'This recording was deleted.',
    details: { record_id: recordId, from: state, to },
  })
}

const unsupported = ({ name }: ConferenceProvider): ConferencingError =>
  new ConferencingError('UNSUPPORTED', `${name} cannot change recordings from here.`, {
    provider: name,
    outcome: 'not-sent',
    userMessage: 'The video service of this class lets nobody change recordings from here; please use its own pages.',
  })
