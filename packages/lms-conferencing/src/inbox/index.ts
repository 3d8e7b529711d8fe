export type { ClassChange, EventSource } from './apply-row.ts'
export { createInbox, type Inbox, type InboxOptions } from './inbox.ts'
