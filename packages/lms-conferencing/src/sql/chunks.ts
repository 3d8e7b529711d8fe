/** Lists for one statement each: no database takes any number of values. */
export function* chunks<T>(list: readonly T[], size: number): Generator<readonly T[]> {
  for (let first = 0; first < list.length; first += size) yield list.slice(first, first + size)
}
