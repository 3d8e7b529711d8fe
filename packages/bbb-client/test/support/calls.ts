import type { BbbClient } from 'bbb-client'

/** Every call of the API with parameters that every server takes, by its name on the wire. */
export const CALLS: Readonly<Record<string, (client: BbbClient) => Promise<unknown>>> = {
  index: client => client.version(),
  create: client => client.create({ meetingID: 'room-one', name: 'Room one' }),
  join: client => client.join({ meetingID: 'room-one', fullName: 'Ada', role: 'VIEWER' }),
  isMeetingRunning: client => client.isMeetingRunning({ meetingID: 'room-one' }),
  end: client => client.end({ meetingID: 'room-one' }),
  getMeetingInfo: client => client.getMeetingInfo({ meetingID: 'room-one' }),
  getMeetings: client => client.getMeetings(),
  getSessions: client => client.getSessions(),
  insertDocument: client =>
    client.insertDocument({
      meetingID: 'room-one',
      presentations: [{ name: 'slides.pdf', content: new Uint8Array([1, 2, 3]) }],
    }),
  sendChatMessage: client => client.sendChatMessage({ meetingID: 'room-one', message: 'Hello' }),
  getRecordings: client => client.getRecordings(),
  publishRecordings: client => client.publishRecordings({ recordID: 'record-one', publish: true }),
  deleteRecordings: client => client.deleteRecordings({ recordID: 'record-one' }),
  updateRecordings: client => client.updateRecordings({ recordID: 'record-one', meta: { topic: 'Algebra' } }),
  getRecordingTextTracks: client => client.getRecordingTextTracks({ recordID: 'record-one' }),
  putRecordingTextTrack: client =>
    client.putRecordingTextTrack({
      recordID: 'record-one',
      kind: 'subtitles',
      lang: 'en_US',
      file: new TextEncoder().encode('WEBVTT\n'),
    }),
  'hooks/create': client => client.hooks.create({ callbackURL: 'https://lms.example.org/callback' }),
  'hooks/list': client => client.hooks.list(),
  'hooks/destroy': client => client.hooks.destroy({ hookID: 'hook-one' }),
  'hooks/ping': client => client.hooks.ping(),
}
