export { createHttpApi, type FetchHandler } from './api.ts'
export type { Actor, HttpApiOptions, LmsPort } from './ports.ts'
