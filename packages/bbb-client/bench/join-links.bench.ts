import { hash } from 'node:crypto'
import { BbbClient } from 'bbb-client'
import { type BenchRow, rates } from './support/measure.ts'

const SECRET = 'a-secret-of-benches-only-0123456789'
const person = {
  fullName: 'Jürgen O’Neill 李',
  meetingID: 'physics-2026-11-22-room-4711',
  role: 'VIEWER',
  userID: 'user-000123456',
  createTime: 1704164645123,
  guest: false,
  excludeFromDashboard: true,
  userdata: { bbb_auto_join_audio: 'true' },
} as const

/** The least that makes the same link: no check, parameters known beforehand, a table for ASCII. */
const table = Array.from({ length: 128 }, (_, code) => {
  const char = String.fromCharCode(code)
  return /[A-Za-z0-9\-_.]/.test(char)
    ? char
    : char === ' '
      ? '+'
      : `%${code.toString(16).toUpperCase().padStart(2, '0')}`
})

function encode(value: string): string {
  let out = ''
  for (const char of value)
    out += char.length === 1 && char < '\x80' ? table[char.charCodeAt(0)] : encodeURIComponent(char)
  return out
}

function byHand(fullName: string): string {
  const query = `fullName=${encode(fullName)}&meetingID=${encode(person.meetingID)}&role=${person.role}&userID=${encode(person.userID)}&createTime=${person.createTime}&guest=${person.guest}&excludeFromDashboard=${person.excludeFromDashboard}&userdata-bbb_auto_join_audio=${encode(person.userdata.bbb_auto_join_audio)}`
  return `https://bbb.example.org/bigbluebutton/api/join?${query}&checksum=${hash('sha256', `join${query}${SECRET}`)}`
}

/** Signed join links per second: eight parameters, a name that is not ASCII, all checked. */
export default async function bench(): Promise<readonly BenchRow[]> {
  const client = new BbbClient({ url: 'https://bbb.example.org', secret: SECRET })
  let number = 0
  const fresh = (): string => `${person.fullName} ${number++ % 10_000}`
  const same = fresh()
  if (client.joinUrl({ ...person, fullName: same }) !== byHand(same)) throw new Error('the two make different links')
  const [ours, limit] = rates([() => client.joinUrl({ ...person, fullName: fresh() }), () => byHand(fresh())])
  return [
    {
      name: 'signed join links (>= 0.60)',
      ours,
      limit,
      unit: 'links/s',
      ratio: ours / limit,
      note: 'limit: table encoder and one-shot hash, nothing checked',
    },
  ]
}
