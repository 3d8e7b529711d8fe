import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from '@hey-api/openapi-ts'
import { Validator } from '@seriousme/openapi-schema-validator'
import ts from 'typescript'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createApiWorld } from './support.ts'

interface Operation {
  readonly operationId?: string
  readonly parameters?: readonly { readonly name: string; readonly in: string }[]
}

interface ApiDocument {
  readonly openapi: string
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
}

async function readDocument(): Promise<{ readonly text: string; readonly document: ApiDocument }> {
  const { api } = await createApiWorld()
  const text = await (await api(new Request('https://lms.example/openapi.json'))).text()
  return { text, document: JSON.parse(text) }
}

describe('openapi.json', () => {
  it('is valid OpenAPI 3.1', async () => {
    const { text, document } = await readDocument()
    expect(document.openapi).toBe('3.1.0')
    const { valid, errors } = await new Validator().validate(JSON.parse(text))
    expect(errors ?? []).toEqual([])
    expect(valid).toBe(true)
  })

  it('describes every route, each with an operation id of its own', async () => {
    const { document } = await readDocument()
    expect(Object.keys(document.paths)).toEqual(
      expect.arrayContaining([
        '/api/v1/admin/conferencing/health/',
        '/api/v1/admin/conferencing/inbox/',
        '/api/v1/admin/conferencing/inbox/replay/',
        '/api/v1/admin/conferencing/inbox/{seq}/',
        '/api/v1/admin/conferencing/metrics/',
        '/api/v1/admin/conferencing/operations/',
        '/api/v1/admin/conferencing/quarantine/',
        '/api/v1/admin/conferencing/quarantine/requeue/',
        '/api/v1/admin/conferencing/reconcile/',
        '/api/v1/classes/bbb-analytics/{token}',
        '/api/v1/classes/bbb-meeting-ended/{token}',
        '/api/v1/classes/bbb-recording-ready/{token}',
        '/api/v1/classes/bbb-webhook/{token}',
        '/api/v1/classes/zoom-webhook/{token}',
        '/api/v1/courses/',
        '/api/v1/courses/live-classes/{id}/',
        '/api/v1/courses/live-classes/{id}/attendance/',
        '/api/v1/courses/live-classes/{id}/calendar.ics',
        '/api/v1/courses/live-classes/{id}/create_meeting/',
        '/api/v1/courses/live-classes/{id}/end_class/',
        '/api/v1/courses/live-classes/{id}/join_info/',
        '/api/v1/courses/live-classes/{id}/recordings/',
        '/api/v1/courses/live-classes/{id}/recordings/{record_id}/',
        '/api/v1/courses/live-classes/{id}/start_class/',
        '/api/v1/courses/{id}/create_virtual_class/',
        '/api/v1/courses/{id}/live-classes/',
        '/api/v1/dashboard/calendar-token/',
        '/api/v1/dashboard/calendar.ics',
        '/api/v1/dashboard/my-virtual-classes/',
        '/healthz',
      ]),
    )
    const ids = Object.values(document.paths).flatMap(path => Object.values(path).map(({ operationId }) => operationId))
    expect(new Set(ids).size).toBe(ids.length)
    expect(ids).not.toContain(undefined)
    for (const [path, methods] of Object.entries(document.paths)) {
      const named = [...path.matchAll(/\{(\w+)\}/g)].map(match => match[1])
      for (const { parameters = [] } of Object.values(methods)) {
        const declared = parameters.filter(parameter => parameter.in === 'path').map(({ name }) => name)
        expect(declared, path).toEqual(named)
      }
    }
  })

  it('is shown as a page that loads nothing from anywhere', async () => {
    const { api } = await createApiWorld()
    const response = await api(new Request('https://lms.example/docs'))
    const page = await response.text()
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/html; charset=UTF-8'])
    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'")
    expect(page).toContain('/api/v1/dashboard/my-virtual-classes/')
    expect(page).not.toMatch(/<script|<link|<img|https?:\/\/(?!lms\.example)/)
  })
})

it('a client generated from openapi.json compiles and makes a call', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'generated-client-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const { text } = await readDocument()
  await createClient({
    input: JSON.parse(text),
    output: { path: folder, importFileExtension: '.ts' },
    plugins: ['@hey-api/client-fetch', '@hey-api/typescript', '@hey-api/sdk'],
    logs: { level: 'silent' },
  })
  expect(await faultsIn(folder)).toEqual([])

  const { api, newClass } = await createApiWorld()
  const id = await newClass()
  const { getLiveClass } = await import(/* @vite-ignore */ join(folder, 'sdk.gen.ts'))
  const { data } = await getLiveClass({
    baseUrl: 'https://lms.example',
    path: { id },
    auth: () => 'tea',
    fetch: (request: Request) => api(request),
  })
  expect(data).toMatchObject({ success: true, data: { id, title: 'Lesson 1', role: 'teacher' } })
}, 120_000)

/** What a strict compiler says of generated files. */
async function faultsIn(folder: string): Promise<readonly string[]> {
  const files = (await readdir(folder, { recursive: true })).filter(name => name.endsWith('.ts'))
  expect(files).toContain('sdk.gen.ts')
  const program = ts.createProgram(
    files.map(name => join(folder, name)),
    {
      strict: true,
      noEmit: true,
      target: ts.ScriptTarget.ES2023,
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      allowImportingTsExtensions: true,
      skipLibCheck: true,
      lib: ['lib.es2023.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
      types: [],
    },
  )
  return ts.getPreEmitDiagnostics(program).map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, ' '))
}
