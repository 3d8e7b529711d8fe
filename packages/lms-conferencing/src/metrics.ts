/**
 * What is measured, for the promises a platform makes: meetings that come to be, links that come at once, callbacks that
 * count within seconds, and nothing that gets lost. Names and units are those of OpenTelemetry's conventions.
 */
export const instruments = {
  'conferencing.class.provisioning': {
    kind: 'counter',
    unit: '{attempt}',
    description: 'Attempts to make the meeting of a class, by result: ready, pending (tried again), failed.',
  },
  'conferencing.provider.call.duration': {
    kind: 'duration',
    unit: 's',
    description: 'Calls to the video service; error.type is there when one failed.',
  },
  'conferencing.join.duration': {
    kind: 'duration',
    unit: 's',
    description:
      'From asking for a way into a class to the answer, by result: link, no_link; error.type when it failed.',
  },
  'conferencing.callback.receive.duration': {
    kind: 'duration',
    unit: 's',
    description:
      'From a callback read to its being stored for good, by result: stored, stale, answered; error.type when it failed.',
  },
  'conferencing.callback.apply.delay': {
    kind: 'duration',
    unit: 's',
    description: 'From a callback stored to its effect, by result: applied, ignored, dead.',
  },
  'conferencing.callback.refusals': {
    kind: 'counter',
    unit: '{request}',
    description: 'Requests on the callback routes that did not pass, by reason.',
  },
  'conferencing.attendance.gaps': {
    kind: 'counter',
    unit: '{gap}',
    description: 'Times of classes in which callbacks were lost.',
  },
  'conferencing.alerts': {
    kind: 'counter',
    unit: '{alert}',
    description: 'Alerts raised, by type, those that were swallowed as repetitions too.',
  },
  'conferencing.inbox.callbacks': {
    kind: 'gauge',
    unit: '{callback}',
    description: 'Callbacks in the store, by state.',
  },
  'conferencing.inbox.oldest.age': {
    kind: 'gauge',
    unit: 's',
    description: 'How long the oldest callback waits to be applied.',
  },
  'conferencing.quarantine.requests': {
    kind: 'gauge',
    unit: '{request}',
    description: 'Refused requests that are kept to be verified again.',
  },
} as const satisfies Readonly<Record<string, Instrument>>

export interface Instrument {
  readonly kind: 'counter' | 'duration' | 'gauge'
  /** As UCUM has it. */
  readonly unit: string
  readonly description: string
}

type NamesOf<Kind> = {
  [Name in keyof typeof instruments]: (typeof instruments)[Name]['kind'] extends Kind ? Name : never
}[keyof typeof instruments]

export type CounterName = NamesOf<'counter'>
export type DurationName = NamesOf<'duration'>
export type GaugeName = NamesOf<'gauge'>

/** What a figure is told apart by: words of small closed sets, never an id or a name of a person. */
export type MetricLabels = Readonly<Partial<Record<MetricLabel, string>>>

export type MetricLabel =
  | 'conferencing.provider'
  | 'conferencing.result'
  | 'conferencing.reason'
  | 'conferencing.call'
  | 'conferencing.state'
  | 'error.type'

export interface GaugeReading {
  readonly gauge: GaugeName
  readonly value: number
  readonly labels: MetricLabels
}

/** Where figures go. `lms-conferencing/metrics` makes one of an OpenTelemetry meter. */
export interface Metrics {
  /** Adds one. */
  add(counter: CounterName, labels: MetricLabels): void
  /** How long something took, in seconds. */
  record(duration: DurationName, seconds: number, labels: MetricLabels): void
  /** Gauges are read when somebody looks. Answers how to stop that. `read` never rejects. */
  observe(read: () => Promise<readonly GaugeReading[]>): () => void
}

/** Upper ends of the steps of durations, in seconds: those of OpenTelemetry for HTTP, then up to an outage of a day. */
export const durationBounds: readonly number[] = [
  0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300, 3600, 86_400,
]

/** A word of somebody else's as a label: whatever is no short plain word would make a series of its own for each value. */
export const labelWord = (text: string | undefined): string =>
  text !== undefined && /^[A-Za-z][A-Za-z_-]{0,39}$/.test(text) ? text : 'other'
