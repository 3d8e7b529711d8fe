// What the examples in TSDoc may take for granted besides docs/snippets.d.ts: a reader has the whole package at hand there,
// so that they need no imports.

declare const http: typeof import('node:http')
/** From `@hono/node-server`. */
declare const getRequestListener: (
  handler: (request: Request) => Promise<Response>,
) => import('node:http').RequestListener

declare const BbbClient: typeof import('bbb-client').BbbClient
declare const FakeBbb: typeof import('bbb-client/testing').FakeBbb
declare const toNodeHandler: typeof import('bbb-client/webhooks').toNodeHandler
declare const bbbProvider: typeof import('lms-conferencing/bbb').bbbProvider
declare const fakeZoom: typeof import('lms-conferencing/testing').fakeZoom
declare const zoomProvider: typeof import('lms-conferencing/zoom').zoomProvider
declare const createConferencing: typeof import('lms-conferencing').createConferencing
declare const providers: import('lms-conferencing').ConferencingOptions['providers']
declare const openStore: typeof import('lms-conferencing/sql').openStore

declare const client: import('bbb-client').BbbClient
declare const callbacks: import('lms-conferencing/bbb').BbbCallbacks
declare const authenticate: import('lms-conferencing/http').HttpApiOptions['authenticate']

declare const meter: Parameters<typeof import('lms-conferencing/metrics').otelMetrics>[0]

declare const setupServer: typeof import('msw/node').setupServer
declare const server: ReturnType<typeof setupServer>

/** What an administrator wrote down in Zoom's marketplace, and who holds the meetings. */
declare const accountId: string
declare const clientId: string
declare const clientSecret: string
declare const webhookSecret: string
declare const host: string
declare const zoomUnderTest: Parameters<typeof import('lms-conferencing/testing').describeProvider>[0]['create']

/** What belongs to the reader's own program. */
declare const app: { inject(request: object): Promise<unknown> }
declare const inbox: { add(events: readonly object[]): Promise<void> }
declare const log: (error: unknown) => void
declare const greet: (name: string | null) => void
declare const school: { studentsOf(courseId: string): { userId: string; displayName: string }[] }
declare const scheduledStart: number
declare const held: import('lms-conferencing/attendance').AttendanceClass
declare const events: readonly import('lms-conferencing').AttendanceEvent[]
declare const userJoined: import('bbb-client/webhooks').SignWebhookOptions['events'][number]
declare const roster: Parameters<typeof import('lms-conferencing/attendance').classReport>[1]
declare const result: import('lms-conferencing/attendance').AttendanceResult
declare const classReport: typeof import('lms-conferencing/attendance').classReport
declare const createHttpApi: typeof import('lms-conferencing/http').createHttpApi
