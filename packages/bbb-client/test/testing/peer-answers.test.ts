import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { FakeBbb, ManualClock } from '../../src/testing/index.ts'
import { type Answer, type CallInit, conformanceData, readAnswer, secret, send, sign, signedTarget } from './support.ts'

/** Steps recorded from a real bigbluebutton-web 2.6.14, asked again. */
interface Step {
  readonly name: string
  readonly label: string
  readonly method: string
  readonly path: string
  readonly status: number
  readonly body: string
}

/** What the recording does not hold: the bodies of the POSTs. */
const modules =
  '<?xml version="1.0" encoding="UTF-8"?><modules><module name="presentation"><document url="https://example.org/slides.pdf" filename="slides.pdf"/></module></modules>'
const form = (meetingID: string) =>
  `name=By+form&meetingID=${encodeURIComponent(meetingID).replaceAll('%20', '+')}&attendeePW=aaa&moderatorPW=mmm`
const sortedForm = (meetingID: string) => form(meetingID).split('&').sort().join('&')

/** Names that were random in the recording, and what they are called this time. */
interface Naming {
  readonly meetingID: string
  readonly unknownID: string
}

const folder = join(conformanceData ?? '', 'bbb/peer-answers/bbbweb')

function readSteps(): Step[] {
  const files = readdirSync(folder)
  return files
    .filter(file => file.endsWith('.meta.json'))
    .sort()
    .map(file => {
      const name = file.slice(0, -'.meta.json'.length)
      const { label, method, path, status } = JSON.parse(readFileSync(join(folder, file), 'utf8'))
      const body = files.find(other => other.startsWith(`${name}.`) && other !== file)
      return { name, label, method, path, status, body: body ? readFileSync(join(folder, body), 'utf8') : '' }
    })
}

/** Plays the steps on a fresh fake; gives what it said to each. */
async function replay(version: string, naming: Naming): Promise<{ step: Step; answer: Answer }[]> {
  const steps = readSteps()
  const clock = new ManualClock({ startAt: Date.UTC(2026, 10, 22, 18, 19, 29) })
  const fake = new FakeBbb({ secret, clock, version, endDelayMs: 5 })
  const recordings = seed(fake)
  const recordedID = 'probe sha256/mws5vlb2'
  let createTime = ''
  const said: { step: Step; answer: Answer }[] = []
  for (const step of steps) {
    const [path = '', recordedQuery] = step.path.split('?')
    const call = path.replace('/bigbluebutton/api', '').replace(/^\//, '')
    const parameters = new URLSearchParams(recordedQuery ?? '')
    parameters.delete('checksum')
    for (const [name, value] of parameters) {
      if (name === 'meetingID') {
        parameters.set(name, value.replace(recordedID, naming.meetingID).replace('no-such-meeting', naming.unknownID))
      }
      if (name === 'recordID') parameters.set(name, recordings.get(value) ?? `${naming.unknownID}-recording`)
      if (name === 'createTime' && value !== '1') parameters.set(name, createTime)
    }
    const target = recordedQuery === undefined ? step.path : signedTarget(call, parameters.toString())
    const answer = await send(fake, target, bodyFor(step.label, `${naming.meetingID}-form`, step.method))
    said.push({ step, answer })
    createTime ||= step.label === 'create' ? (answer.text('createTime') ?? '') : ''
    const room = answer.text('url') ?? (call === 'join' ? answer.headers.location : undefined)
    if (room?.includes('sessionToken')) await send(fake, new URL(room).pathname + new URL(room).search)
    await clock.advance(3)
  }
  await fake.close()
  return said
}

function bodyFor(label: string, formID: string, method: string): CallInit {
  switch (label) {
    case 'insertDocument POST xml':
    case 'create POST xml body':
      return { method, body: modules, contentType: 'application/xml' }
    case 'create POST text/xml body':
      return { method, body: modules, contentType: 'text/xml' }
    case 'create POST json body':
      return { method, body: '{}', contentType: 'application/json' }
    case 'create POST form, signed as sent':
      return signedForm(form(formID))
    case 'create POST form, signed sorted':
      return signedForm(sortedForm(formID))
    default:
      return { method }
  }
}

function signedForm(fields: string): CallInit {
  const body = `${fields}&checksum=${sign('create', fields)}`
  return { method: 'POST', body, contentType: 'application/x-www-form-urlencoded' }
}

/** The recordings that were on the real server's disk; gives the fake's ids by the recorded ones. */
function seed(fake: FakeBbb): Map<string, string> {
  const minutes = (count: number) => count * 60_000
  const format = (type: string, length: number) => ({ type, length, processingTimeMs: 1_000, size: 100_000 })
  const add = (meetingID: string, startTime: number, more: object) =>
    fake.simulate.addRecording({ meetingID, startTime, endTime: startTime + minutes(60), ...more })
  const odd = add('rec room/3?&=+%', 1_700_000_300_000, {
    formats: [format('notes', 0)],
    metadata: { probe: 'ä & <x>' },
  })
  add('rec-room-2', 1_700_000_200_000, {
    state: 'unpublished',
    breakout: { parentId: 'p', sequence: 1, freeJoin: false },
  })
  add('rec-room-1', 1_700_000_000_000, {
    formats: [format('presentation', 60), format('video', 59)],
    metadata: { 'bbb-origin': 'peer' },
  })
  add('rec-room-1', 1_700_000_100_000, {})
  return new Map([['213e09611afcc16736a5eb0309695ad533e307f9-1700000300000', odd]])
}

const verdict = ({ returncode, messageKey }: Answer) => `${returncode ?? '-'} ${messageKey ?? ''}`.trim()

function differences(said: readonly { step: Step; answer: Answer }[]): string[] {
  return said.flatMap(({ step, answer }) => {
    const recorded = readAnswer(step.status, {}, step.body)
    return verdict(answer) === verdict(recorded)
      ? []
      : [`${step.label}: ${verdict(recorded)} became ${verdict(answer)}`]
  })
}

const asRecorded: Naming = { meetingID: 'probe sha256/mws5vlb2', unknownID: 'no-such-meeting' }
const renamed: Naming = { meetingID: 'Übung 7: Größen & <Maße>', unknownID: 'never made' }
const namings: readonly Naming[] = [asRecorded, renamed, { meetingID: '会議-室', unknownID: 'z'.repeat(200) }]

describe.skipIf(!conformanceData)('the steps recorded from bigbluebutton-web 2.6.14', () => {
  it.each(namings)('give every returncode and messageKey again, as $meetingID', async naming => {
    const said = await replay('2.6.14', naming)
    expect(said.length).toBe(64)
    expect(differences(said)).toEqual([])
  })

  it('have the same HTTP status, content type and redirect target', async () => {
    for (const { step, answer } of await replay('2.6.14', renamed)) {
      expect(`${step.label} ${answer.status}`).toBe(`${step.label} ${step.status}`)
    }
  })

  it('have the same elements in the same order, and the same message texts', async () => {
    for (const { step, answer } of await replay('2.6.14', asRecorded)) {
      expect([step.label, ...shape(answer.body)]).toEqual([step.label, ...shape(step.body)])
      const recorded = readAnswer(step.status, {}, step.body)
      expect([step.label, answer.text('message')]).toEqual([step.label, recorded.text('message')])
    }
  })

  it('differ on 3.0 only where 3.0 differs', async () => {
    const said = await replay('3.0', renamed)
    expect(differences(said)).toEqual([
      // 3.0 answers redirect=false with XML once the request as such is valid; 2.6 always redirected.
      'join wrong createTime: - became FAILED mismatchCreateTimeParam',
      // 3.0 looks at the content type before it reads a body as XML; 2.6 tripped over the first byte (HTTP 500).
      'create POST json body: - became FAILED unsupportedContentType',
      // 3.0 hashes the empty string for a form posted to a bare URL; 2.6 hashed the sorted fields.
      'create POST form, signed sorted: SUCCESS became FAILED checksumError',
    ])
  })
})

/** Element names in document order, lists of people and recordings put aside. */
function shape(body: string): string[] {
  const plain = body
    .replace(/<attendees>[\s\S]*?<\/attendees>/g, '<attendees/>')
    .replace(/<recording>[\s\S]*<\/recording>/g, '<recording/>')
  return [...plain.matchAll(/<(\/?[a-zA-Z][\w-]*)/g)].map(match => match[1] ?? '')
}
