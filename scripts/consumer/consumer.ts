// What a user of both packages writes; check-package.ts compiles it against the packed declarations.
import { BbbClient } from 'bbb-client'
import { createConferencing } from 'lms-conferencing'
import { openStore } from 'lms-conferencing/sql'

const bbb = new BbbClient({ url: 'https://bbb.example', secret: 'secret' })
export const link: string = bbb.joinUrl({ meetingID: 'algebra', fullName: 'Ada', role: 'MODERATOR' })

// The declarations say something: a wrong value does not compile.
// @ts-expect-error url is text
new BbbClient({ url: 1, secret: 'secret' })
// @ts-expect-error the providers are missing
createConferencing({ store: await openStore('sqlite:lms.db') })
