import { describe, expect, it } from 'vitest'
import type { FakeBbb } from '../../src/testing/index.ts'
import { ask, newFake, query } from './support.ts'

const format = (type: string) => ({ type, length: 60, processingTimeMs: 1_000, size: 1_000 })

/** Four recordings in five formats. */
function library(options: Parameters<typeof newFake>[0] = {}) {
  const { fake, clock } = newFake({ publicUrl: 'https://bbb.test', ...options })
  const add = (meetingID: string, startTime: number, more: object = {}) =>
    fake.simulate.addRecording({ meetingID, startTime, endTime: startTime + 3_600_000, ...more })
  const ids = {
    first: add('algebra', 1_700_000_000_000, {
      formats: [format('presentation'), format('video')],
      metadata: { course: 'math-101' },
    }),
    second: add('algebra', 1_700_000_100_000, { state: 'unpublished', metadata: { course: 'math-102' } }),
    other: add('history', 1_700_000_200_000, { name: 'You & <me>', metadata: { course: 'hist-101', note: "it's" } }),
    processing: add('history', 1_700_000_300_000, { state: 'processing', formats: [] }),
  }
  return { fake, clock, ids }
}

async function listed(fake: FakeBbb, text: string): Promise<string[]> {
  return (await ask(fake, 'getRecordings', text)).all('recordID').sort()
}

describe('getRecordings', () => {
  const { fake, ids } = library()
  const [hash = ''] = ids.first.split('-')

  it.each<[string, Record<string, string>, (keyof typeof ids)[]]>([
    ['nothing: published and unpublished', {}, ['first', 'second', 'other']],
    ['meetingID', { meetingID: 'algebra' }, ['first', 'second']],
    ['two meetingIDs', { meetingID: 'algebra,history' }, ['first', 'second', 'other']],
    ['recordID', { recordID: ids.other }, ['other']],
    ['the beginning of a recordID', { recordID: hash }, ['first', 'second']],
    ['recordID wins over meetingID', { recordID: ids.other, meetingID: 'algebra' }, ['other']],
    ['an empty meetingID is no filter at all', { meetingID: '' }, ['first', 'second', 'other']],
    ['an empty recordID is no filter at all', { recordID: ',' }, ['first', 'second', 'other']],
    ['state=processing', { state: 'processing' }, ['processing']],
    ['state=any', { state: 'any' }, ['first', 'second', 'other', 'processing']],
    ['two states', { state: 'unpublished,processing' }, ['second', 'processing']],
    ['an unknown state', { state: 'lost' }, []],
    ['metadata, exact', { meta_course: 'math-101' }, ['first']],
    ['metadata, beginning', { meta_course: 'math%' }, ['first', 'second']],
    ['metadata, end', { meta_course: '%-101' }, ['first', 'other']],
    ['metadata, middle', { meta_course: '%-10%' }, ['first', 'second', 'other']],
    ['metadata, at the wrong end', { meta_course: '%math' }, []],
    ['metadata, at the other wrong end', { meta_course: '101%' }, []],
    ['metadata of two keys', { meta_course: '%-101', meta_note: '%' }, ['other']],
    ['metadata nobody has', { meta_unknown: '%' }, []],
  ])('by %s', async (_, parameters, names) => {
    expect(await listed(fake, query(parameters))).toEqual(names.map(name => ids[name]).sort())
  })

  it('decodes ids a second time, and throws where that breaks (HTTP 500)', async () => {
    fake.simulate.addRecording({ meetingID: 'a+b%', startTime: 1_700_000_500_000 })
    expect((await ask(fake, 'getRecordings', query({ meetingID: 'a+b%' }))).status).toBe(500)
    expect(await listed(fake, query({ meetingID: encodeURIComponent('a+b%') }))).toHaveLength(1)
  })

  it('throws on an empty metadata filter (HTTP 500)', async () => {
    expect((await ask(fake, 'getRecordings', 'meta_course=')).status).toBe(500)
  })

  it('says noRecordings, as a success', async () => {
    const answer = await ask(fake, 'getRecordings', 'meetingID=none')
    expect([answer.returncode, answer.messageKey]).toEqual(['SUCCESS', 'noRecordings'])
  })

  it('writes a recording as the server does: names escaped twice, apostrophes bare', async () => {
    const { body } = await ask(fake, 'getRecordings', query({ recordID: ids.other }))
    const link = `https://bbb.test/playback/presentation/2.3/${ids.other}`
    expect(body).toBe(`<response>
          <returncode>SUCCESS</returncode>
          <recordings><recording><recordID>${ids.other}</recordID><meetingID>history</meetingID><internalMeetingID>${ids.other}</internalMeetingID><name>You &amp;amp; &amp;lt;me&amp;gt;</name><isBreakout>false</isBreakout><published>true</published><state>published</state><startTime>1700000200000</startTime><endTime>1700003800000</endTime><participants>1</participants><rawSize>493084</rawSize><metadata><isBreakout>false</isBreakout><meetingId>history</meetingId><meetingName>You &amp; &lt;me&gt;</meetingName><course>hist-101</course><note>it's</note></metadata><size>1104836</size><playback><format><type>presentation</type><url>${link}</url><processingTime>7177</processingTime><length>60</length><size>1104836</size></format></playback><data></data></recording></recordings>
        </response>`)
  })

  it('refuses to list everything where the administrator said so', async () => {
    const { fake: strict } = library({ allowFetchAllRecordings: false })
    const { body } = await ask(strict, 'getRecordings')
    expect(body).toContain('<messageKey>noRecordings</messageKey>')
    expect(body).not.toContain('<recordings')
    expect(await listed(strict, 'meetingID=algebra')).toHaveLength(2)
    expect(await listed(strict, 'limit=10')).toHaveLength(3)
  })
})

describe('getRecordings, page by page', () => {
  it('counts formats, so that a recording can be split over two pages', async () => {
    const { fake } = library()
    const pages = []
    for (let offset = 0; offset < 6; offset += 2) {
      const page = await ask(fake, 'getRecordings', `limit=2&offset=${offset}`)
      pages.push(
        page
          .all('recordID')
          .map((id, index) => [id, page.body.split('<recording>')[index + 1]?.match(/<type>/g)?.length]),
      )
      expect(page.text('totalElements')).toBe('4')
    }
    expect(pages.flat()).toHaveLength(4)
    expect(new Set(pages.flat().map(([id]) => id)).size).toBe(3)
    expect(pages[2]).toEqual([])
  })

  it.each([
    ['3.0', '<data/></recording></recordings>\n        <totalElements>4</totalElements></response>'],
    [
      '2.6',
      '<data/></recording></recordings>\n        <pagination><pageable><offset>1</offset><limit>1</limit><paged>true</paged><unpaged>false</unpaged></pageable><totalElements>4</totalElements><empty>false</empty></pagination></response>',
    ],
    ['2.5', '<data></data></recording></recordings>\n        </response>'],
  ])('of %s ends in its own way', async (version, end) => {
    const { fake } = library({ version })
    const { body } = await ask(fake, 'getRecordings', 'limit=1&offset=1')
    expect(body.endsWith(end)).toBe(true)
  })

  it.each([
    ['limit=0', 1],
    ['limit=1000', 3],
    ['limit=2&offset=-5', 2],
    ['limit=2&offset=x', 2],
    ['offset=1', 3],
  ])('%s gives %i', async (text, count) => {
    const { fake } = library()
    const page = await ask(fake, 'getRecordings', text)
    expect(Math.min(page.all('type').length, 3)).toBe(count)
  })

  it('an empty page closes its list itself', async () => {
    const { fake } = library()
    const { body } = await ask(fake, 'getRecordings', 'limit=10&offset=100')
    expect(body).toContain('<recordings/>\n          <messageKey>noRecordings</messageKey>')
  })
})

describe('publish, update, delete', () => {
  it.each([
    ['publishRecordings', 'publish=true', 'missingParamRecordID'],
    ['publishRecordings', 'recordID=x', 'missingParamPublish'],
    ['publishRecordings', 'recordID=none&publish=true', 'notFound'],
    ['updateRecordings', 'meta_a=b', 'missingParamRecordID'],
    ['updateRecordings', 'recordID=none&meta_a=b', 'notFound'],
    ['deleteRecordings', 'recordID=', 'missingParamRecordID'],
    ['deleteRecordings', 'recordID=none', 'notFound'],
  ])('%s?%s is %s', async (call, text, key) => {
    const { fake } = library()
    const answer = await ask(fake, call, text)
    expect([answer.returncode, answer.messageKey]).toEqual(['FAILED', key])
  })

  it('finds exact ids only, and nothing that is still processed', async () => {
    const { fake, ids } = library()
    for (const recordID of [ids.first.slice(0, 40), ids.processing]) {
      expect((await ask(fake, 'publishRecordings', query({ recordID, publish: true }))).messageKey).toBe('notFound')
    }
  })

  it('succeeds when any of several ids exists, and echoes the raw text', async () => {
    const { fake, ids } = library()
    const answer = await ask(fake, 'publishRecordings', query({ recordID: `none,${ids.first}`, publish: 'FALSE' }))
    expect(answer.body).toBe('<response><returncode>SUCCESS</returncode><published>FALSE</published></response>')
    expect(await listed(fake, 'state=unpublished')).toContain(ids.first)
  })

  it('updates metadata; an empty value takes the key away', async () => {
    const { fake, ids } = library()
    const update = query({ recordID: ids.other, meta_Course: 'new', meta_note: '' })
    expect((await ask(fake, 'updateRecordings', update)).body).toContain('<updated>true</updated>')
    const { body } = await ask(fake, 'getRecordings', query({ recordID: ids.other }))
    expect(body).toContain('<course>new</course></metadata>')
  })

  it('deleted ones are listed as deleted, and cannot be touched again', async () => {
    const { fake, ids } = library()
    expect((await ask(fake, 'deleteRecordings', query({ recordID: ids.first }))).body).toContain(
      '<deleted>true</deleted>',
    )
    expect(await listed(fake, 'meetingID=algebra')).toEqual([ids.second])
    expect(await listed(fake, 'state=deleted')).toEqual([ids.first])
    expect((await ask(fake, 'deleteRecordings', query({ recordID: ids.first }))).messageKey).toBe('notFound')
  })
})

describe('text tracks', () => {
  const boundary = 'xyz'
  const file = (content: string) => ({
    method: 'POST',
    contentType: `multipart/form-data; boundary=${boundary}`,
    body: `--${boundary}\r\nContent-Disposition: form-data; name="other"\r\n\r\nno\r\n--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="a.vtt"\r\nContent-Type: text/vtt\r\n\r\n${content}\r\n--${boundary}--\r\n`,
  })

  it('come in and out', async () => {
    const { fake, ids } = library()
    const put = query({ recordID: ids.first, kind: 'subtitles', lang: 'en_US', label: 'English' })
    expect(JSON.parse((await ask(fake, 'putRecordingTextTrack', put, file('WEBVTT\n\n grüße'))).body).response).toEqual(
      {
        returncode: 'SUCCESS',
        recordId: ids.first,
        messageKey: 'upload_text_track_success',
        message: 'Text track uploaded successfully',
      },
    )
    const got = JSON.parse((await ask(fake, 'getRecordingTextTracks', query({ recordID: ids.first }))).body).response
    expect(got.tracks).toEqual([
      {
        href: expect.stringMatching(
          /^https:\/\/bbb\.test\/bigbluebutton\/textTrack\/[0-9a-f]{40}\/.*\/subtitles_en-US\.vtt$/,
        ),
        kind: 'subtitles',
        label: 'English',
        lang: 'en-US',
        source: 'upload',
      },
    ])
    await ask(fake, 'putRecordingTextTrack', put, file('again'))
    expect(
      JSON.parse((await ask(fake, 'getRecordingTextTracks', query({ recordID: ids.first }))).body).response.tracks,
    ).toHaveLength(1)
    await ask(fake, 'putRecordingTextTrack', query({ recordID: ids.first, kind: 'subtitles', lang: 'fr' }), file('fr'))
    await ask(fake, 'putRecordingTextTrack', query({ recordID: ids.first, kind: 'captions', lang: 'fr' }), file('fr'))
    const { tracks } = JSON.parse(
      (await ask(fake, 'getRecordingTextTracks', query({ recordID: ids.first }))).body,
    ).response
    expect(tracks.map(({ kind, label }: Record<string, string>) => `${kind} ${label}`)).toEqual([
      'subtitles English',
      'subtitles fr',
      'captions fr',
    ])
  })

  it.each<[string, Record<string, string>, string, string]>([
    ['no kind', { lang: 'en' }, 'a', 'paramError'],
    ['no lang', { kind: 'captions' }, 'a', 'paramError'],
    ['unknown recording', { recordID: 'none', kind: 'captions', lang: 'en' }, 'a', 'noRecordings'],
    ['unknown kind', { kind: 'lyrics', lang: 'en' }, 'a', 'invalidKind'],
    ['language with a dash', { kind: 'captions', lang: 'en-US' }, 'a', 'invalidLang'],
    ['empty file', { kind: 'captions', lang: 'en' }, '', ''],
  ])('put: %s', async (_, parameters, content, key) => {
    const { fake, ids } = library()
    const answer = await ask(
      fake,
      'putRecordingTextTrack',
      query({ recordID: ids.first, ...parameters }),
      file(content),
    )
    const { response } = JSON.parse(answer.body)
    expect([response.returncode, response.messageKey ?? '']).toEqual(['FAILED', key])
  })

  it('get: unknown, none ever, an empty folder; checksum and missing id in XML', async () => {
    const { fake, ids } = library()
    const emptied = fake.simulate.addRecording({ meetingID: 'emptied', textTracks: [] })
    const key = async (text: string) => (await ask(fake, 'getRecordingTextTracks', text)).messageKey
    expect(await key('recordID=none')).toBe('noRecordings')
    expect(await key(query({ recordID: ids.other }))).toBe('noRecordings')
    expect(await key(query({ recordID: emptied }))).toBe('noCaptionsFound')
    expect((await ask(fake, 'getRecordingTextTracks', '')).body).toMatch(/^<response>[\s\S]*missingParamRecordID/)
    expect((await ask(fake, 'getRecordingTextTracks', 'recordID=a&checksum=0')).body).toMatch(
      /^<response>[\s\S]*checksumError/,
    )
  })
})

describe('the recording of a class', () => {
  async function recordedClass(parameters: Record<string, string>, options: Parameters<typeof newFake>[0] = {}) {
    const { fake, clock } = newFake({ publicUrl: 'https://bbb.test', ...options })
    await ask(
      fake,
      'create',
      query({ meetingID: 'algebra', name: 'Algebra', record: 'true', meta_course: '7', ...parameters }),
    )
    fake.simulate.join('algebra', { fullName: 'Ada', userID: 'u-1' })
    fake.simulate.join('algebra', { fullName: 'Ada', userID: 'u-1' })
    fake.simulate.join('algebra', { fullName: 'Bob', userID: 'u-2' })
    await ask(fake, 'join', 'meetingID=algebra&fullName=Never&role=VIEWER&userID=u-3')
    await clock.advance(61 * 60_000)
    const states = async () => (await ask(fake, 'getRecordings', 'meetingID=algebra&state=any')).all('state')
    return { fake, clock, states }
  }

  it('is processed, then published', async () => {
    const { fake, clock, states } = await recordedClass({}, { recordingDelayMs: 60_000 })
    expect(await states()).toEqual([])
    fake.simulate.endMeeting('algebra')
    expect(await states()).toEqual(['processing'])
    expect(await listed(fake, 'meetingID=algebra')).toEqual([])
    await clock.advance(59_999)
    expect(await states()).toEqual(['processing'])
    await clock.advance(1)
    const answer = await ask(fake, 'getRecordings', 'meetingID=algebra')
    const shown = ['state', 'participants', 'length', 'type', 'course', 'published', 'size'].map(name =>
      answer.text(name),
    )
    expect(shown).toEqual(['published', '2', '61', 'presentation', '7', 'true', '1148000'])
  })

  it('comes in all its formats, one after the other', async () => {
    const { fake, clock } = await recordedClass({}, { recordingFormats: ['presentation', 'video'] })
    fake.simulate.endMeeting('algebra')
    await clock.advance(6_000)
    expect((await ask(fake, 'getRecordings', '')).all('type')).toEqual(['presentation'])
    await clock.advance(4_000)
    expect((await ask(fake, 'getRecordings', '')).all('type')).toEqual(['presentation', 'video'])
  })

  it('is there at once when told so', async () => {
    const { fake, clock, states } = await recordedClass({})
    fake.simulate.endMeeting('algebra')
    const [recordID = ''] = await listed(fake, 'state=any')
    fake.simulate.publishRecording(recordID)
    expect(await states()).toEqual(['published'])
    await clock.advance(60_000)
    expect((await ask(fake, 'getRecordings', '')).all('type')).toHaveLength(1)
    expect(() => fake.simulate.publishRecording('none')).toThrow('no recording')
  })

  it.each<[string, Record<string, string>, boolean, boolean]>([
    ['not recorded', { record: 'false' }, false, false],
    ['recorded', {}, false, true],
    ['recorded, marks needed, nobody pressed record', {}, true, false],
    ['recorded, marks needed, started by itself', { autoStartRecording: 'true' }, true, true],
  ])('%s', async (_, parameters, recordingNeedsMarks, expected) => {
    const { fake, clock } = await recordedClass(parameters, { recordingNeedsMarks })
    fake.simulate.endMeeting('algebra')
    await clock.advance(60_000)
    expect((await listed(fake, 'state=any')).length > 0).toBe(expected)
  })

  it('needs somebody to have been there', async () => {
    const { fake, clock } = newFake()
    await ask(fake, 'create', 'meetingID=algebra&name=Algebra&record=true')
    await ask(fake, 'end', 'meetingID=algebra')
    await clock.advance(60_000)
    expect(await listed(fake, 'state=any')).toEqual([])
  })
})
