import { type Meeting, type Person, presentPeople } from '../meeting.ts'
import { escapeHtml, page } from './layout.ts'

/** What the page shows; also the JSON it asks for every two seconds. */
export interface RoomState {
  readonly open: boolean
  readonly recording: boolean
  readonly people: readonly RoomPerson[]
  readonly waiting: readonly { readonly id: string; readonly name: string }[]
  readonly chat: readonly { readonly name: string; readonly text: string }[]
  readonly me: { readonly hand: boolean; readonly talking: boolean; readonly status: Person['guestStatus'] }
}

interface RoomPerson {
  readonly name: string
  readonly me: boolean
  readonly moderator: boolean
  readonly presenter: boolean
  readonly hand: boolean
  readonly talking: boolean
}

/** The room as one person sees it. */
export function roomState(meeting: Meeting, person: Person): RoomState {
  const isTalking = ({ voice }: Person) => voice !== undefined && !voice.muted
  const waiting = person.role === 'MODERATOR' ? meeting.people.filter(({ guestStatus }) => guestStatus === 'WAIT') : []
  return {
    open: !meeting.ended && !person.loggedOut,
    recording: meeting.recordingNow,
    people: presentPeople(meeting).map(other => ({
      name: other.fullName,
      me: other === person,
      moderator: other.role === 'MODERATOR',
      presenter: other.presenter,
      hand: other.handRaised,
      talking: isTalking(other),
    })),
    waiting: waiting.map(({ internalId, fullName }) => ({ id: internalId, name: fullName })),
    chat: meeting.chat.slice(-100).map(({ senderName, text }) => ({ name: senderName, text })),
    me: { hand: person.handRaised, talking: isTalking(person), status: person.guestStatus },
  }
}

/** The room. Every button is a form, so it works without scripts; with them, it follows what others do. */
export function roomPage(meeting: Meeting, person: Person): string {
  const state = roomState(meeting, person)
  const moderator = person.role === 'MODERATOR'
  const main = `<header style="padding:0">
<h1>${escapeHtml(meeting.name)}</h1>
<p class="note">You are ${escapeHtml(person.fullName)} (${moderator ? 'moderator' : 'viewer'}). <span id="recording" role="status">${state.recording ? 'This class is being recorded.' : ''}</span></p>
</header>
<div class="bar" role="group" aria-label="Your controls">
${toggle('hand', 'Raise hand', state.me.hand)}${toggle('talk', 'Talk', state.me.talking)}${moderator && meeting.record ? toggle('record', 'Record', state.recording) : ''}
${button('leave', 'Leave', 'leave')}${moderator ? button('end', 'End class for all', 'leave') : ''}
</div>
<p id="news" class="sr" aria-live="polite"></p>
<div class="grid">
<section class="card" aria-labelledby="people-title"><h2 id="people-title">People (<span id="count">${state.people.length}</span>)</h2><ul id="people" data-page="${person.pages}">${state.people.map(personItem).join('')}</ul>
<ul id="waiting" aria-label="Waiting guests">${state.waiting.map(({ id, name }) => `<li>${escapeHtml(name)} is waiting ${button('admit', 'Let in', 'main', id)} ${button('deny', 'Refuse', 'leave', id)}</li>`).join('')}</ul></section>
<section class="card" aria-labelledby="chat-title"><h2 id="chat-title">Chat</h2><ul id="chat" aria-live="polite">${state.chat.map(({ name, text }) => `<li><strong>${escapeHtml(name)}</strong> ${escapeHtml(text)}</li>`).join('')}</ul>
<form class="say" method="post" action="${escapeHtml(actionUrl(person))}"><input type="hidden" name="do" value="chat"><label class="sr" for="text">Message</label><input id="text" name="text" maxlength="500" autocomplete="off" required placeholder="Message"><button class="main">Send</button></form></section>
</div>`
  return page(meeting.name, main, script)

  function toggle(action: string, label: string, pressed: boolean): string {
    return `<form method="post" action="${escapeHtml(actionUrl(person))}"><input type="hidden" name="do" value="${action}"><button id="${action}" aria-pressed="${pressed}">${label}</button></form>`
  }

  function button(action: string, label: string, look: string, id = ''): string {
    const who = id && `<input type="hidden" name="id" value="${id}">`
    return `<form method="post" action="${escapeHtml(actionUrl(person))}"><input type="hidden" name="do" value="${action}">${who}<button class="${look}">${label}</button></form>`
  }
}

/** Where a person's forms go. */
function actionUrl(person: Person): string {
  return `/html5client/action?sessionToken=${person.sessionToken}`
}

/** Shown to a guest until a moderator decides. */
export function waitingPage(meeting: Meeting): string {
  return page(
    meeting.name,
    `<h1>${escapeHtml(meeting.name)}</h1><div class="card" role="status"><p>Please wait: a moderator will let you in.</p></div>`,
    'setInterval(async () => { const r = await fetch("state" + location.search); const s = await r.json(); if (!s.open || s.me.status !== "WAIT") location.reload() }, 2000)',
  )
}

function personItem(person: RoomPerson): string {
  return `<li>${escapeHtml(person.name)}${badges(person)
    .map(([text, on]) => `<span class="badge${on ? ' on' : ''}">${text}</span>`)
    .join('')}</li>`
}

function badges(person: RoomPerson): [string, boolean][] {
  const all: [boolean, string, boolean][] = [
    [person.me, 'you', false],
    [person.moderator, 'moderator', false],
    [person.presenter, 'presenter', false],
    [person.hand, 'hand raised', true],
    [person.talking, 'talking', true],
  ]
  return all.flatMap(([shown, text, on]): [string, boolean][] => (shown ? [[text, on]] : []))
}

/** Names and messages go in as text only. A page that closes tells the server, a form or a reload does not. */
const script = `
const at = document.getElementById.bind(document)
const make = (tag, text, cls) => { const e = document.createElement(tag); e.textContent = text; if (cls) e.className = cls; return e }
const decide = (action, label, cls, id) => {
  const form = document.createElement('form')
  form.action = 'action' + location.search
  form.method = 'post'
  for (const [name, value] of [['do', action], ['id', id]]) form.append(Object.assign(document.createElement('input'), { type: 'hidden', name, value }))
  form.append(make('button', label, cls))
  return form
}
let leaving = false
let seen = at('people').children.length
function show(s) {
  if (!s.open || s.me.status === 'DENY') { leaving = true; location.reload(); return }
  at('people').replaceChildren(...s.people.map(p => {
    const li = make('li', p.name)
    for (const [on, text, cls] of [[p.me, 'you', ''], [p.moderator, 'moderator', ''], [p.presenter, 'presenter', ''], [p.hand, 'hand raised', ' on'], [p.talking, 'talking', ' on']]) if (on) li.append(make('span', text, 'badge' + cls))
    return li
  }))
  at('count').textContent = s.people.length
  if (s.people.length !== seen) at('news').textContent = s.people.length + ' people in the room'
  seen = s.people.length
  const chat = at('chat')
  if (chat.children.length !== s.chat.length) chat.replaceChildren(...s.chat.map(m => { const li = make('li', ''); li.append(make('strong', m.name), ' ' + m.text); return li }))
  at('recording').textContent = s.recording ? 'This class is being recorded.' : ''
  for (const [id, on] of [['hand', s.me.hand], ['talk', s.me.talking], ['record', s.recording]]) at(id)?.setAttribute('aria-pressed', on)
  const waiting = s.waiting.map(w => w.id).join()
  if (at('waiting').dataset.ids !== waiting) at('waiting').replaceChildren(...s.waiting.map(w => {
    const li = make('li', w.name + ' is waiting ')
    li.append(decide('admit', 'Let in', 'main', w.id), ' ', decide('deny', 'Refuse', 'leave', w.id))
    return li
  }))
  at('waiting').dataset.ids = waiting
}
async function refresh() { try { show(await (await fetch('state' + location.search)).json()) } catch {} }
document.addEventListener('submit', async e => {
  const action = e.target.elements.do.value
  if (action === 'leave' || action === 'end') { leaving = true; return }
  e.preventDefault()
  const body = new URLSearchParams(new FormData(e.target))
  if (action === 'chat') e.target.reset()
  await fetch(e.target.action, { method: 'POST', headers: { accept: 'application/json' }, body })
  await refresh()
})
addEventListener('pagehide', () => { if (!leaving) navigator.sendBeacon('action' + location.search, new URLSearchParams({ do: 'close', page: at('people').dataset.page })) })
addEventListener('pageshow', e => { if (e.persisted) location.reload() })
setInterval(refresh, 2000)
`
