import { BbbClient, type BbbClientOptions } from 'bbb-client'
import { SECRET } from './server.ts'

/** A client whose server gives every request this answer, without a socket. */
export function answering(
  body: string | Uint8Array,
  {
    status = 200,
    headers = {},
    ...options
  }: Partial<BbbClientOptions> & { status?: number; headers?: Record<string, string> } = {},
): BbbClient {
  return new BbbClient({
    url: 'https://bbb.example.org',
    secret: SECRET,
    onWarning: () => {},
    retry: { attempts: 1 },
    fetch: async () => new Response(typeof body === 'string' ? body : Buffer.from(body), { status, headers }),
    ...options,
  })
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
}

/** As the server's templates escape. */
export function escapeXml(text: string): string {
  return text.replace(/[&<>"']/g, char => ENTITIES[char] ?? char)
}

export interface MeetingParts {
  readonly meetingID?: string
  readonly meetingName?: string
  readonly attendees?: string
  readonly metadata?: string
  /** Elements that replace or follow the usual ones. */
  readonly more?: string
}

/** The inside of a meeting as the template writes it, one element per line. */
export function meeting({
  meetingID = 'room',
  meetingName = 'Room',
  attendees = '',
  metadata = '',
  more = '',
}: MeetingParts = {}): string {
  return `<meetingName>${meetingName}</meetingName>
<meetingID>${meetingID}</meetingID>
<internalMeetingID>c108d81d0c29c6f85efdde71fb3ebaeed0751a68-1704164645123</internalMeetingID>
<createTime>1704164645123</createTime>
<voiceBridge>70066</voiceBridge>
<running>true</running>
<attendees>
${attendees}</attendees>
<metadata>
${metadata}</metadata>
${more}<isBreakout>false</isBreakout>
`
}

export function attendee(userID: string, fullName = 'Ada', more = ''): string {
  return `<attendee>
<userID>${userID}</userID>
<fullName>${fullName}</fullName>
<role>VIEWER</role>
<isPresenter>false</isPresenter>
${more}</attendee>
`
}

export function recording(recordID: string, more = ''): string {
  return `<recording><recordID>${recordID}</recordID><meetingID>room</meetingID><name>Room</name><published>true</published><state>published</state>${more}</recording>`
}
