import { endMeeting } from './lifecycle.ts'
import type { Meeting, Person } from './meeting.ts'
import { type FakeResponse, jsonResponse, pageResponse, type ReadRequest } from './message.ts'
import { messagePage } from './pages/layout.ts'
import { roomPage, roomState, waitingPage } from './pages/room.ts'
import { playbackPage, startPage } from './pages/start.ts'
import { chat, connect, decideGuest, drop, logOut, raiseHand, setRecording, talk } from './people.ts'
import type { World } from './world.ts'

/** A reloaded page closes first and opens again a moment later. */
const closedPageGraceMs = 2_000

/** Answers what a browser asks: start page, room, playback. `undefined` for other paths. */
export function answerPage(world: World, request: ReadRequest): FakeResponse | undefined {
  const { path, method } = request
  if (path === '/' || path === '') return pageResponse(startPage(world))
  const playback = /^\/playback\/([^/]+)\/2\.3\/([^/]+)\/?$/.exec(path)
  if (playback?.[1] && playback[2]) return answerPlayback(world, playback[1], playback[2])
  const found = findSession(world, request.parameters.get('sessionToken'))
  if (path === '/html5client/join') return openRoom(world, request, found)
  if (path === '/html5client/state') return answerState(found)
  if (path === '/html5client/action' && method === 'POST') return act(world, request, found)
  return undefined
}

interface Session {
  readonly meeting: Meeting
  readonly person: Person
}

function findSession(world: World, token: string | undefined): Session | undefined {
  if (!token) return undefined
  for (const meeting of world.meetings.list()) {
    const person = meeting.people.find(({ sessionToken }) => sessionToken === token)
    if (person) return { meeting, person }
  }
  return undefined
}

function openRoom(world: World, request: ReadRequest, session: Session | undefined): FakeResponse {
  if (!session || session.person.loggedOut) return over()
  const { meeting, person } = session
  if (person.guestStatus === 'WAIT') return pageResponse(waitingPage(meeting))
  if (person.guestStatus === 'DENY')
    return pageResponse(messagePage('Not admitted', 'The moderator did not let you in.'))
  connect(world, meeting, person, {
    ipAddress: request.header('x-forwarded-for') ?? '127.0.0.1',
    userAgent: request.header('user-agent'),
    referer: request.header('referer'),
  })
  if (person.loggedOut) return over()
  person.pages++
  return pageResponse(roomPage(meeting, person))
}

function over(): FakeResponse {
  const text = 'This session is over: the class has ended or you have left it. Open your link again to come back.'
  return pageResponse(messagePage('You are not in a class', text), 403)
}

function answerState(session: Session | undefined): FakeResponse {
  const closed = { open: false, recording: false, people: [], waiting: [], chat: [], me: { status: 'ALLOW' } }
  const response = jsonResponse(session ? roomState(session.meeting, session.person) : closed)
  return { ...response, headers: { ...response.headers, 'cache-control': 'no-store' } }
}

function act(world: World, request: ReadRequest, session: Session | undefined): FakeResponse {
  if (!session) return over()
  const { meeting, person } = session
  const action = request.form.get('do')
  if (person.role === 'MODERATOR') moderate(world, meeting, action, request.form.get('id'))
  switch (action) {
    case 'hand':
      raiseHand(world, meeting, person, !person.handRaised)
      break
    case 'talk':
      talk(world, meeting, person, person.voice?.muted !== false)
      break
    case 'chat': {
      const text = request.form.get('text')?.trim().slice(0, 500)
      if (text && person.status === 'present') chat(world, meeting, text, person)
      break
    }
    case 'close':
      // On a reload, the old page may say goodbye after the new one has come.
      if (request.form.get('page') === String(person.pages)) drop(world, meeting, person, closedPageGraceMs)
      // Not a redirect: the browser would follow it into the room.
      return { status: 204, headers: {}, body: '' }
    case 'leave':
      logOut(world, meeting, person)
      return left(meeting)
    case 'end':
      if (meeting.ended) return left(meeting)
  }
  if (request.header('accept')?.includes('json')) return jsonResponse(roomState(meeting, person))
  return { status: 303, headers: { location: `/html5client/join?sessionToken=${person.sessionToken}` }, body: '' }
}

function moderate(world: World, meeting: Meeting, action: string | undefined, id: string | undefined): void {
  const guest = meeting.people.find(({ internalId }) => internalId === id)
  if (action === 'record') setRecording(world, meeting, !meeting.recordingNow)
  if (action === 'end') endMeeting(world, meeting)
  if (guest && (action === 'admit' || action === 'deny')) decideGuest(guest, action === 'admit')
}

/** Back to the application, where the meeting names a place. */
function left(meeting: Meeting): FakeResponse {
  const url = meeting.parameters.get('logoutURL')
  if (url && /^https?:\/\//.test(url) && URL.canParse(url)) return { status: 303, headers: { location: url }, body: '' }
  return pageResponse(messagePage('You have left', 'You have left the class. You can close this page.'))
}

function answerPlayback(world: World, format: string, recordID: string): FakeResponse {
  const recording = world.recordings.get(recordID)
  if (recording?.state !== 'published' || !recording.formats.some(({ type }) => type === format)) {
    return pageResponse(messagePage('No such recording', 'This recording does not exist or is not published.'), 404)
  }
  return pageResponse(playbackPage(recording, format))
}
