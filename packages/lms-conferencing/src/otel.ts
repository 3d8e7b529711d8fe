import type { Attributes, Counter, Histogram, Meter, ObservableGauge } from '@opentelemetry/api'
import {
  type CounterName,
  type DurationName,
  durationBounds,
  type GaugeName,
  type GaugeReading,
  type Instrument,
  instruments,
  type MetricLabels,
  type Metrics,
} from './metrics.ts'

/**
 * Figures for OpenTelemetry: one instrument of the meter for each, under the names and units of its conventions.
 *
 * @example
 * const figures = otelMetrics(meter) // for createConferencing({ metrics: figures, … })
 */
export function otelMetrics(meter: Meter): Metrics {
  const counters = new Map<CounterName, Counter>()
  const histograms = new Map<DurationName, Histogram>()
  const gauges = new Map<GaugeName, ObservableGauge>()
  for (const [name, instrument] of Object.entries(instruments)) {
    const { unit, description }: Instrument = instrument
    if (isNamed(name, 'counter')) counters.set(name, meter.createCounter(name, { unit, description }))
    else if (isNamed(name, 'gauge')) gauges.set(name, meter.createObservableGauge(name, { unit, description }))
    else if (isNamed(name, 'duration')) {
      const advice = { explicitBucketBoundaries: [...durationBounds] }
      histograms.set(name, meter.createHistogram(name, { unit, description, advice }))
    }
  }

  return {
    add: (counter, labels) => counters.get(counter)?.add(1, attributes(labels)),
    record: (duration, seconds, labels) => histograms.get(duration)?.record(seconds, attributes(labels)),
    observe(read) {
      const observed = [...gauges.values()]
      const callback: Parameters<Meter['addBatchObservableCallback']>[0] = async result => {
        const readings: readonly GaugeReading[] = await read()
        for (const { gauge, value, labels } of readings) {
          const instrument = gauges.get(gauge)
          if (instrument) result.observe(instrument, value, attributes(labels))
        }
      }
      meter.addBatchObservableCallback(callback, observed)
      return () => meter.removeBatchObservableCallback(callback, observed)
    },
  }
}

type Named = { counter: CounterName; duration: DurationName; gauge: GaugeName }

const isNamed = <Kind extends keyof Named>(name: string, kind: Kind): name is Named[Kind] => {
  const instrument: Instrument | undefined = Object.entries(instruments).find(([one]) => one === name)?.[1]
  return instrument?.kind === kind
}

const attributes = (labels: MetricLabels): Attributes => ({ ...labels })
