export { jsonLogger } from './json-logger.ts'
export { createPage, preparePage } from './page.ts'
export { admin, students, teachers, type User } from './people.ts'
export { runSchool } from './process.ts'
export { redactUrl } from './redact-url.ts'
export { type Course, courses, createSchool, type Person, tokenOf } from './school.ts'
export { type Address, type Door, type RunningSchool, type StartSchoolOptions, startSchool } from './start.ts'
export { startPage } from './start-page.ts'
export {
  type AttendanceLine,
  type Narrator,
  type Player,
  playClass,
  type StoryEnd,
  type StoryOptions,
} from './story.ts'
export { attendanceTable, terminalNarrator } from './terminal.ts'
