import { tomcatPage } from '../html.ts'
import { type FakeResponse, type ReadRequest, xmlResponse } from '../message.ts'
import { MalformedModules, readModules } from '../modules.ts'
import { meetingIDViolations } from '../violations.ts'
import type { World } from '../world.ts'
import { line, templateResponse } from '../xml.ts'
import { checkCall, cleaned, failed } from './checks.ts'

/** `insertDocument`: slides for a running meeting. Its answers carry no message key. */
export function insertDocument(world: World, request: ReadRequest): FakeResponse {
  const meetingID = cleaned(request, 'meetingID')
  const violation = checkCall(world, 'insertDocument', request, meetingIDViolations(meetingID))
  if (violation) return failed(violation)
  const meeting = world.meetings.find(meetingID)
  const refused = (message: string) => xmlResponse(templateResponse('FAILED', [line('message', message)]))
  if (!meeting) return refused(`Meeting with id [${meetingID}] not found.`)
  if (meeting.parameters.get('disabledFeatures')?.split(',').includes('presentation')) {
    return refused('Presentation feature is disabled, ignoring.')
  }
  try {
    const { documents } = readModules(request.body)
    // Without a presentation module no branch renders anything.
    if (!documents) return xmlResponse('')
    meeting.documents.push(...documents)
    const current = documents.find(document => document.current)
    if (current) world.emit({ id: 'meeting-presentation-changed', meeting, presentationId: current.name })
    return xmlResponse(templateResponse('SUCCESS', [line('message', 'Presentation is being uploaded')]))
  } catch (error) {
    if (error instanceof MalformedModules) return tomcatPage(500, error.message)
    throw error
  }
}
