/** One line of a bench's result; `pnpm bench` prints them. */
export interface BenchRow {
  readonly name: string
  readonly ours: number
  readonly limit: number
  readonly unit: string
  /** Bigger is better. */
  readonly ratio: number
  readonly note?: string | undefined
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

/** How often per second each of them runs: rounds in turn, so that both meet the same machine; medians of them. */
export function rates(
  programs: readonly [ours: () => unknown, limit: () => unknown],
  { rounds = 9, roundMs = 250 }: { rounds?: number; roundMs?: number } = {},
): readonly [ours: number, limit: number] {
  const results: [number[], number[]] = [[], []]
  for (let round = -1; round < rounds; round++)
    for (const i of [0, 1] as const) {
      const program = programs[i]
      let count = 0
      const began = performance.now()
      let now = began
      do {
        for (let n = 0; n < 100; n++) program()
        count += 100
        now = performance.now()
      } while (now - began < roundMs)
      // The first round warms up.
      if (round >= 0) results[i].push((count * 1000) / (now - began))
    }
  return [median(results[0]), median(results[1])]
}

/** Milliseconds of each, in turn; medians. */
export async function durations(
  programs: readonly [ours: () => Promise<unknown>, limit: () => Promise<unknown>],
  { rounds = 9, warmUp = 3 }: { rounds?: number; warmUp?: number } = {},
): Promise<readonly [ours: number, limit: number]> {
  const results: [number[], number[]] = [[], []]
  for (let round = -warmUp; round < rounds; round++)
    for (const i of [0, 1] as const) {
      const began = performance.now()
      await programs[i]()
      if (round >= 0) results[i].push(performance.now() - began)
    }
  return [median(results[0]), median(results[1])]
}
