export { admin, students, teachers, type User } from './people.ts'
export { type Course, courses, school, tokenOf } from './school.ts'
export {
  type AttendanceLine,
  type Narrator,
  type Player,
  playClass,
  type StoryEnd,
  type StoryOptions,
} from './story.ts'
export { attendanceTable, terminalNarrator } from './terminal.ts'
