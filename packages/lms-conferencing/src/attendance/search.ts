/** The index of the first of `length` ascending values that is greater than `limit`; `length` if none is. */
export function firstAbove(limit: number, length: number, valueAt: (index: number) => number | undefined): number {
  let low = 0
  let high = length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((valueAt(middle) ?? 0) <= limit) low = middle + 1
    else high = middle
  }
  return low
}
