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
