import type { z } from '@hono/zod-openapi'
import { expectTypeOf, it } from 'vitest'
import type * as browser from '../../src/browser.ts'
import type * as adminSchemas from '../../src/http/admin-schemas.ts'
import type { ClassSchemas } from '../../src/http/class-schemas.ts'
import type * as rollout from '../../src/http/routes/rollout.ts'
import type * as schemas from '../../src/http/schemas.ts'

/** The same, all the way down, whatever is readonly. */
type Mutable<T> = T extends object ? { -readonly [K in keyof T]: Mutable<T[K]> } : T
type Answer<S extends z.ZodType> = Mutable<z.output<S>>

it("the page's types are the API's", () => {
  expectTypeOf<Mutable<browser.LiveClassInfo>>().toEqualTypeOf<Answer<ClassSchemas['liveClass']>>()
  expectTypeOf<Mutable<browser.LiveClassDetails>>().toEqualTypeOf<Answer<ClassSchemas['classDetails']>>()
  expectTypeOf<Mutable<browser.LiveClassPage>>().toEqualTypeOf<Answer<ClassSchemas['classPage']>>()
  expectTypeOf<Mutable<browser.CreatedVirtualClass>>().toEqualTypeOf<Answer<ClassSchemas['createdClass']>>()
  expectTypeOf<Mutable<browser.CreatedCourse>>().toEqualTypeOf<Answer<ClassSchemas['createdCourse']>>()
  expectTypeOf<Mutable<browser.CreatedMeeting>>().toEqualTypeOf<Answer<ClassSchemas['createdMeeting']>>()
  expectTypeOf<Mutable<browser.JoinInfo>>().toEqualTypeOf<Answer<typeof schemas.joinInfo>>()
  expectTypeOf<Mutable<browser.StartedClass>>().toEqualTypeOf<Answer<ClassSchemas['startedClass']>>()
  expectTypeOf<Mutable<browser.RecordingInfo>>().toEqualTypeOf<Answer<typeof schemas.recording>>()
  expectTypeOf<Mutable<browser.ClassAttendance>>().toEqualTypeOf<Answer<typeof schemas.attendance>>()
  expectTypeOf<Mutable<browser.CalendarFeed>>().toEqualTypeOf<Answer<typeof schemas.calendarFeed>>()
  expectTypeOf<Mutable<browser.RevokedCalendarFeed>>().toEqualTypeOf<Answer<typeof schemas.revokedFeed>>()
  expectTypeOf<Mutable<browser.MyVirtualClasses>>().toEqualTypeOf<Answer<ClassSchemas['dashboard']>>()
  expectTypeOf<Mutable<browser.OperatorHealth>>().toEqualTypeOf<Answer<typeof adminSchemas.adminHealth>>()
  expectTypeOf<Mutable<browser.CallbackPage>>().toEqualTypeOf<Answer<typeof adminSchemas.inboxPage>>()
  expectTypeOf<Mutable<browser.ReplayedCallbacks>>().toEqualTypeOf<Answer<typeof adminSchemas.replayed>>()
  expectTypeOf<Mutable<browser.RolloutInfo>>().toEqualTypeOf<Answer<typeof rollout.rolloutSchema>>()
  expectTypeOf<Mutable<browser.MigrationInfo>>().toEqualTypeOf<Answer<typeof rollout.migrationSchema>>()
  expectTypeOf<Mutable<browser.ReplayParams>>().toExtend<z.input<typeof adminSchemas.replayBody>>()
  expectTypeOf<Mutable<browser.NewVirtualClass>>().toExtend<z.input<typeof schemas.newClassBody>>()
  expectTypeOf<Mutable<browser.NewCourse>>().toExtend<z.input<typeof schemas.newCourseBody>>()
  expectTypeOf<Mutable<browser.VirtualClassChanges>>().toExtend<z.input<typeof schemas.classChangesBody>>()
})
