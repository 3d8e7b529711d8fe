export { createHttpApi, type FetchHandler } from './api.ts'
export type { Actor, CourseRequest, CreatedCourse, HttpApiOptions, LmsPort } from './ports.ts'
