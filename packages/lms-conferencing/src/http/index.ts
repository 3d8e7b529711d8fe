export { createHttpApi, type FetchHandler } from './api.ts'
export type { RateLimit } from './limits.ts'
export type {
  Actor,
  CourseRequest,
  CreatedCourse,
  EnrolledCourse,
  HttpApiOptions,
  HttpLimits,
  LmsPort,
} from './ports.ts'
