/** How a call ended, as data to compare. */
export type Ending = { readonly value: unknown } | { readonly error: unknown }

export function ending(promise: Promise<unknown>): Promise<Ending> {
  return promise.then(
    value => ({ value }),
    (error: unknown) => ({ error }),
  )
}

/** What a call is refused with. */
export async function refusal(act: () => unknown): Promise<unknown> {
  try {
    await act()
  } catch (error) {
    return error
  }
  throw new Error('nothing was refused')
}
