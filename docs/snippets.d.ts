// What every code block of the documentation may take for granted; see scripts/check-snippets.ts. Never published.

/** The server's shared secret. */
declare const secret: string
declare const secrets: readonly string[]
/** The public address of the callback route, as it was registered. */
declare const callbackUrl: string
declare const bbb: import('bbb-client').BbbClient

/** A request as it arrived, and its body unparsed. */
declare const req: import('node:http').IncomingMessage & { url: string }
declare const body: Uint8Array

/** The live classes of the running example, and what the LMS around them knows. */
declare const conferencing: import('lms-conferencing').Conferencing
declare function studentsOf(courseId: string): readonly { readonly userId: string; readonly displayName: string }[]
declare function currentUser(request: Request): { readonly userId: string; readonly displayName: string } | null
declare const lms: import('lms-conferencing/http').LmsPort
declare function isConferencingError(error: unknown): error is import('lms-conferencing').ConferencingError
