import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import { otelMetrics } from 'lms-conferencing/metrics'
import { expect, it, onTestFinished, vi } from 'vitest'
import { instruments } from '../src/metrics.ts'
import { unavailable } from './support/plain-provider.ts'
import { came, createWorld, opened, student, teacher } from './support/world.ts'

/** A real OpenTelemetry, read by hand. */
function openTelemetry() {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 2_000_000_000 })
  const provider = new MeterProvider({ readers: [reader] })
  onTestFinished(() => provider.shutdown())
  return {
    metrics: otelMetrics(provider.getMeter('lms-conferencing')),
    async read() {
      exporter.reset()
      await reader.forceFlush()
      const [resource] = exporter.getMetrics()
      return resource?.scopeMetrics.flatMap(scope => scope.metrics) ?? []
    },
  }
}

type Read = Awaited<ReturnType<ReturnType<typeof openTelemetry>['read']>>

/** The values of one instrument, by labels: sums and gauges as they are, of durations how many there were. */
function pointsOf(read: Read, name: string): Readonly<Record<string, unknown>> {
  const points = read.find(({ descriptor }) => descriptor.name === name)?.dataPoints ?? []
  const label = (attributes: object): string => Object.values(attributes).map(String).join(' ')
  return Object.fromEntries(
    points.map(({ attributes, value }) => [
      label(attributes),
      typeof value === 'object' && 'count' in value ? value.count : value,
    ]),
  )
}

it('a class from its plan to its attendance, as OpenTelemetry has it', async () => {
  const { metrics, read } = openTelemetry()
  const { conferencing, provider, store, clock, plan } = await createWorld({ metrics })
  conferencing.start()
  provider.failNext('openMeeting', unavailable('not-sent'))
  const { id } = await plan()
  await plan()
  await conferencing.startClass(id, teacher)
  await conferencing.joinInfo(id, student)
  const good = provider.callback({ meetingKey: `meeting-${id}` }, opened(0), came('ana', 1))
  await conferencing.receiveCallback('bbb', good)
  await conferencing.receiveCallback('bbb', { ...good, headers: {} }).catch(() => {})
  conferencing.countRefusal('bbb', 'compressed')
  clock.advance(2000)
  await conferencing.rounds.callbacks()

  const found = await read()
  expect(pointsOf(found, 'conferencing.class.provisioning')).toEqual({ 'bbb pending': 1, 'bbb ready': 1 })
  expect(pointsOf(found, 'conferencing.join.duration')).toEqual({ 'bbb link': 2 })
  expect(pointsOf(found, 'conferencing.provider.call.duration')).toMatchObject({
    'bbb openMeeting': 2,
    'bbb openMeeting UNAVAILABLE': 1,
    'bbb joinLink': 2,
  })
  expect(pointsOf(found, 'conferencing.callback.receive.duration')).toEqual({ 'bbb stored': 1 })
  expect(pointsOf(found, 'conferencing.callback.apply.delay')).toEqual({ 'bbb done': 1 })
  expect(pointsOf(found, 'conferencing.callback.refusals')).toEqual({ 'bbb mismatch': 1, 'bbb compressed': 1 })
  expect(pointsOf(found, 'conferencing.inbox.callbacks')).toEqual({ new: 0, applied: 1, ignored: 0, dead: 0, stale: 0 })
  expect(pointsOf(found, 'conferencing.inbox.oldest.age')).toEqual({ '': 0 })

  // Names, units and words as they are promised, and no label that a stranger or a class could fill.
  for (const { descriptor, dataPoints } of found) {
    const known = Object.entries(instruments).find(([name]) => name === descriptor.name)?.[1]
    expect([descriptor.name, descriptor.unit]).toEqual([descriptor.name, known?.unit])
    expect(descriptor.name).toMatch(/^conferencing(\.[a-z]+)+$/)
    for (const { attributes } of dataPoints) expect(JSON.stringify(attributes)).not.toMatch(new RegExp(`${id}|ana|tea`))
  }

  const asked = vi.spyOn(store, 'read')
  await read()
  expect(asked).toHaveBeenCalledOnce()
  await conferencing.stop()
  asked.mockClear()
  await read()
  expect(asked).not.toHaveBeenCalled()
})

it('the same figures as Prometheus reads them, with nothing of OpenTelemetry', async () => {
  const { conferencing, provider, clock, plan } = await createWorld()
  const { id } = await plan()
  await conferencing.startClass(id, teacher)
  const good = provider.callback({ meetingKey: `meeting-${id}` }, opened(0))
  await conferencing.receiveCallback('bbb', good)
  await conferencing.receiveCallback('bbb', { ...good, headers: {} }).catch(() => {})
  clock.advance(1500)
  await conferencing.rounds.callbacks()
  const text = await conferencing.metrics()
  const lines = text.split('\n')
  expect(lines).toContain('# TYPE conferencing_callback_refusals_total counter')
  expect(lines).toContain(
    'conferencing_callback_refusals_total{conferencing_provider="bbb",conferencing_reason="mismatch"} 1',
  )
  expect(lines).toContain('# TYPE conferencing_callback_apply_delay_seconds histogram')
  const delay = 'conferencing_callback_apply_delay_seconds'
  const labels = 'conferencing_provider="bbb",conferencing_result="done"'
  expect(lines).toContain(`${delay}_bucket{${labels},le="1"} 0`)
  expect(lines).toContain(`${delay}_bucket{${labels},le="2"} 1`)
  expect(lines).toContain(`${delay}_bucket{${labels},le="+Inf"} 1`)
  expect(lines).toContain(`${delay}_sum{${labels}} 1.5`)
  expect(lines).toContain(`${delay}_count{${labels}} 1`)
  expect(lines).toContain('conferencing_inbox_callbacks{conferencing_state="applied"} 1')
  expect(lines).toContain('conferencing_inbox_oldest_age_seconds 0')
  // Every line is one of the format's: a comment, or a name with labels and a number.
  for (const line of lines.filter(one => one !== '')) {
    expect(line).toMatch(/^(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{([a-z_]+="[^"\\\n]*",?)+\})? [-+0-9.e]+)$/)
  }
  expect(text).not.toContain(id)
})

it('the store that is away is no number, and the figures of the process stay', async () => {
  const { conferencing, store, plan } = await createWorld()
  await plan()
  await store.close()
  const text = await conferencing.metrics()
  expect(text).not.toContain('conferencing_inbox_callbacks')
  expect(text).toContain(
    'conferencing_class_provisioning_total{conferencing_provider="bbb",conferencing_result="ready"} 1',
  )
})
