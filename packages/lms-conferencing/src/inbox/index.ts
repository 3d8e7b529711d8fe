export type { ClassChange, EventSource } from './apply-rows.ts'
export { createInbox, type Inbox, type InboxOptions } from './inbox.ts'
