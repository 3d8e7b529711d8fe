import { BbbError } from 'bbb-client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CALLS } from '../support/calls.ts'
import { data, readBytes, readJson } from '../support/data.ts'
import { ending } from '../support/outcome.ts'
import { respond, type TestServer, testServer } from '../support/server.ts'
import { expectFact } from './facts.ts'

/** Answers that other projects keep for their tests, with what those tests say of them. */

interface CorpusFile {
  readonly file: string
  readonly apiCall: string
  readonly kind: string
  readonly facts: readonly (readonly [path: string, value: unknown])[]
}

const PROJECTS =
  data === undefined
    ? []
    : readJson<{ projects: { project: string }[] }>('corpus/index.json').projects.map(({ project }) => project)

/** No calls of a back end: they take the browser's session token, or are gone. */
const FOREIGN = new Set(['feedback', 'getJoinUrl', 'learningDashboard', 'setConfigXML'])

describe.skipIf(!data)('answers kept by other projects', () => {
  let server: TestServer
  beforeAll(async () => {
    server = await testServer()
  })
  afterAll(() => server.close())

  describe.each(PROJECTS)('%s', project => {
    const { files } = readJson<{ files: CorpusFile[] }>(`corpus/${project}/index.json`)
    const answers = files.filter(({ kind, apiCall }) => kind === 'response' && !FOREIGN.has(apiCall))
    it.each(answers.map(entry => [entry.file, entry] as const))('%s', async (file, entry) => {
      const body = readBytes(`corpus/${project}/${file}`)
      const call = entry.apiCall === '(index)' ? 'index' : entry.apiCall
      server.answer((_request, response) => respond(response, body))
      const result = await ending(CALLS[call]?.(server.client()) ?? Promise.reject(new Error(`no call ${call}`)))

      const text = body.toString('utf8')
      const verdict = /(?:<returncode>|"returncode":\s*")(\w+)/.exec(text)?.[1]
      const key = /(?:<messageKey>|"messageKey":\s*")([^<"]*)/.exec(text)?.[1] ?? ''
      if (verdict === 'SUCCESS') {
        if ('error' in result) throw result.error
        const ids = [...text.matchAll(/<recordID>([^<]*)</g)].map(match => match[1])
        const found: unknown[] = Array.isArray(result.value) ? result.value : []
        const order = (index: number): number =>
          found.findIndex(recording => Reflect.get(Object(recording), 'recordID') === ids[index])
        for (const [path, value] of entry.facts) expectFact(call, result.value, path, value, order)
      } else if (call === 'hooks/destroy' && key === 'destroyMissingHook') {
        expect(result).toEqual({ value: false })
      } else {
        expect(result).toHaveProperty('error')
        if (!('error' in result)) return
        expect(result.error).toBeInstanceOf(BbbError)
        expect(result.error).toMatchObject({ code: 'BBB_API_FAILED', messageKey: key, call })
      }
    })
  })
})
