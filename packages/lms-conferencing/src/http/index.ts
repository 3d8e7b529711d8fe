export { createHttpApi, type FetchHandler } from './api.ts'
export type { Actor, CourseRequest, CreatedCourse, EnrolledCourse, HttpApiOptions, LmsPort } from './ports.ts'
