import {
  durationBounds,
  type GaugeReading,
  type Instrument,
  instruments,
  type MetricLabels,
  type Metrics,
} from '../metrics.ts'

/** Figures of this process, kept in memory, as Prometheus reads them. */
export interface Registry extends Pick<Metrics, 'add' | 'record'> {
  /** In the text format 0.0.4, with these gauges beside. */
  text(gauges: readonly GaugeReading[]): string
}

interface Distribution {
  /** One more than bounds: what is above them all. */
  readonly counts: number[]
  sum: number
}

/** More series than any small closed set of labels makes; what would be one more is left out. */
const mostSeries = 1000

/** Every counter and duration since the process began. */
export function createRegistry(): Registry {
  const counters = new Map<string, number>()
  const distributions = new Map<string, Distribution>()

  return {
    add(name, labels) {
      const series = seriesOf(name, labels)
      if (!counters.has(series) && counters.size >= mostSeries) return
      counters.set(series, (counters.get(series) ?? 0) + 1)
    },

    record(name, seconds, labels) {
      const series = seriesOf(name, labels)
      let distribution = distributions.get(series)
      if (!distribution) {
        if (distributions.size >= mostSeries) return
        distribution = { counts: Array.from({ length: durationBounds.length + 1 }, () => 0), sum: 0 }
        distributions.set(series, distribution)
      }
      const step = durationBounds.findIndex(bound => seconds <= bound)
      const index = step === -1 ? durationBounds.length : step
      distribution.counts[index] = (distribution.counts[index] ?? 0) + 1
      distribution.sum += seconds
    },

    text(gauges) {
      const gaugeSeries = new Map(gauges.map(({ gauge, labels, value }) => [seriesOf(gauge, labels), value]))
      return Object.entries(instruments)
        .map(([name, instrument]: [string, Instrument]) => {
          const lines =
            instrument.kind === 'counter'
              ? plainLines(name, '_total', counters)
              : instrument.kind === 'gauge'
                ? plainLines(name, instrument.unit === 's' ? '_seconds' : '', gaugeSeries)
                : distributionLines(name, distributions)
          return lines.length === 0 ? '' : `${header(name, instrument)}${lines.join('\n')}\n`
        })
        .join('')
    },
  }
}

/** The registry, and another place that figures go to. */
export function withRegistry(registry: Registry, other: Metrics | undefined): Metrics {
  return {
    add(counter, labels) {
      registry.add(counter, labels)
      other?.add(counter, labels)
    },
    record(duration, seconds, labels) {
      registry.record(duration, seconds, labels)
      other?.record(duration, seconds, labels)
    },
    observe: read => other?.observe(read) ?? (() => {}),
  }
}

/** Name and labels as one key: the labels in order, so that the same ones are the same series. */
const seriesOf = (name: string, labels: MetricLabels): string =>
  JSON.stringify([name, ...Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1))])

function header(name: string, { kind, unit, description }: Instrument): string {
  const full = `${promName(name)}${kind === 'counter' ? '_total' : unit === 's' ? '_seconds' : ''}`
  return `# HELP ${full} ${description}\n# TYPE ${full} ${kind === 'duration' ? 'histogram' : kind}\n`
}

/** Each series of one instrument, with its labels as they are written. */
function seriesIn<T>(name: string, all: ReadonlyMap<string, T>): readonly (readonly [string, T])[] {
  return [...all].flatMap(([key, value]) => {
    const [own, ...labels]: [string, ...[string, string][]] = JSON.parse(key)
    if (own !== name) return []
    return [[labels.map(([label, word]) => `${promName(label)}="${escaped(word)}"`).join(','), value] as const]
  })
}

const plainLines = (name: string, suffix: string, all: ReadonlyMap<string, number>): readonly string[] =>
  seriesIn(name, all).map(([labels, value]) => `${promName(name)}${suffix}${braced(labels)} ${value}`)

function distributionLines(name: string, all: ReadonlyMap<string, Distribution>): readonly string[] {
  const base = `${promName(name)}_seconds`
  return seriesIn(name, all).flatMap(([labels, { counts, sum }]) => {
    let upTo = 0
    const lines = counts.map((count, index) => {
      upTo += count
      const le = `le="${durationBounds[index] ?? '+Inf'}"`
      return `${base}_bucket${braced(labels === '' ? le : `${labels},${le}`)} ${upTo}`
    })
    return [...lines, `${base}_sum${braced(labels)} ${sum}`, `${base}_count${braced(labels)} ${upTo}`]
  })
}

const braced = (labels: string): string => (labels === '' ? '' : `{${labels}}`)
const promName = (name: string): string => name.replaceAll('.', '_')
const escaped = (word: string): string => word.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
