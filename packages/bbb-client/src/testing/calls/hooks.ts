import { hooksChecksumMatches } from '../checksum.ts'
import type { Hook, HookRegistry } from '../hooks.ts'
import { expressPage } from '../html.ts'
import type { FakeResponse, ReadRequest } from '../message.ts'
import type { World } from '../world.ts'

/** Path of the API, as the service cuts it off to get the method that is signed. */
export const apiPath = '/bigbluebutton/api/'

/** Answers below `hooks/`, in the words of the given bbb-webhooks release. */
export function answerHooksCall(world: World, method: string, request: ReadRequest): FakeResponse {
  const hooks = world.hooks
  const call = calls[method.replace(/\/$/, '')]
  if (!hooks || !call || request.method !== 'GET') {
    return expressPage(404, `Cannot ${request.method} ${request.path}`)
  }
  if (call !== ping) {
    const refused = checkChecksum(world, hooks, method, request)
    if (refused) return refused
  }
  return call(hooks, request)
}

type HooksCall = (hooks: HookRegistry, request: ReadRequest) => FakeResponse

const calls: Readonly<Record<string, HooksCall>> = {
  'hooks/create': createHook,
  'hooks/destroy': destroyHook,
  'hooks/list': listHooks,
  'hooks/ping': ping,
}

function checkChecksum(
  world: World,
  hooks: HookRegistry,
  method: string,
  request: ReadRequest,
): FakeResponse | undefined {
  const { secret } = world.settings
  const old = hooks.settings.version === '2.6.1'
  const checksum = request.parameters.get('checksum') ?? ''
  const algorithms = old ? (['sha1'] as const) : world.settings.algorithms
  const right = hooksChecksumMatches(method, request.target, checksum, { secret, algorithms })
  if (right === undefined && checksum !== '' && !old) {
    return expressPage(500, 'Error: unsupported checksum algorithm')
  }
  return right ? undefined : failure('checksumError', 'You did not pass the checksum security check.')
}

function createHook(hooks: HookRegistry, request: ReadRequest): FakeResponse {
  const callbackURL = request.parameters.get('callbackURL')
  if (!callbackURL) return failure('missingParamCallbackURL', 'You must specify a callbackURL in the parameters.')
  const raw = (request.parameters.get('getRaw') ?? 'false').toLowerCase()
  if (raw !== 'true' && raw !== 'false') {
    if (hooks.settings.version === '2.6.1') return expressPage(500, 'SyntaxError: Unexpected token')
    // The exception is nobody's: the request is never answered.
    return { status: 200, headers: {}, body: '', damage: { kind: 'hang' } }
  }
  const eventIDs = (request.parameters.get('eventID') ?? '').toLowerCase().split(',')
  const { hook, existed } = hooks.create({
    callbackURL,
    meetingID: request.parameters.get('meetingID') || undefined,
    eventIDs: eventIDs.flatMap(id => id.trim() || []),
    getRaw: raw === 'true',
  })
  const id = `<hookID>${hook.hookID}</hookID>`
  if (!existed) return success(`${id}<permanentHook>false</permanentHook><rawData>${hook.getRaw}</rawData>`)
  const message = '<message>There is already a hook for this callback URL.</message>'
  return success(`${id}<messageKey>duplicateWarning</messageKey>${message}`)
}

function destroyHook(hooks: HookRegistry, request: ReadRequest): FakeResponse {
  const hookID = request.parameters.get('hookID')
  if (!hookID) return failure('missingParamHookID', 'You must specify a hookID in the parameters.')
  if (hooks.destroy(hookID)) return success('<removed>true</removed>')
  return failure('destroyMissingHook', 'The hook informed was not found.')
}

function listHooks(hooks: HookRegistry, request: ReadRequest): FakeResponse {
  const meetingID = request.parameters.get('meetingID')
  const all = hooks.list()
  if (!meetingID) return success(`<hooks>${all.map(hookXml).join('')}</hooks>`)
  const known = hooks.settings.version === '2.6.1' || all.some(hook => hook.meetingID === meetingID)
  if (!known || hooks.settings.version === '3.3.1') {
    return failure('listHookError', 'An error happened while listing registered hooks. Check the logs.')
  }
  const chosen = all.filter(hook => hook.meetingID === undefined || hook.meetingID === meetingID)
  return success(`<hooks>${chosen.map(hookXml).join('')}</hooks>`)
}

function hookXml(hook: Hook): string {
  const scope = hook.meetingID === undefined ? '' : `<meetingID><![CDATA[${hook.meetingID}]]></meetingID>`
  const filter = hook.eventIDs.length > 0 ? `<eventID>${hook.eventIDs.join(',')}</eventID>` : ''
  return `<hook><hookID>${hook.hookID}</hookID><callbackURL><![CDATA[${hook.callbackURL}]]></callbackURL>${scope}${filter}<permanentHook>${hook.permanent}</permanentHook><rawData>${hook.getRaw}</rawData></hook>`
}

function ping(hooks: HookRegistry): FakeResponse {
  const body = hooks.settings.version === '2.6.1' ? 'bbb-webhooks up!' : 'bbb-webhooks API up!'
  return { status: 200, headers: {}, body }
}

function success(content: string): FakeResponse {
  return xml(`<response><returncode>SUCCESS</returncode>${content}</response>`)
}

function failure(key: string, message: string): FakeResponse {
  return xml(
    `<response><returncode>FAILED</returncode><messageKey>${key}</messageKey><message>${message}</message></response>`,
  )
}

function xml(body: string): FakeResponse {
  return { status: 200, headers: { 'content-type': 'text/xml; charset=utf-8' }, body }
}
