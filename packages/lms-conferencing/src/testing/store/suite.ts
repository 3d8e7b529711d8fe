import { test } from 'vitest'
import type { Store } from '../../store.ts'

export interface StoreSuite {
  /** What the report calls this kind of store. */
  readonly name: string
  /** Opens an empty store; the suite closes it. */
  readonly open: () => Promise<Store>
  /** Tests that this kind cannot pass, and why. */
  readonly skip?: readonly { readonly reason: string; readonly tests: readonly string[] }[] | undefined
}

/** Declares one test of the contract, on a store of its own. */
export type StoreTest = (name: string, run: (store: Store) => Promise<void>) => void

export function storeTest({ open, skip = [] }: StoreSuite): StoreTest {
  return (name, run) => {
    const skipped = skip.find(({ tests }) => tests.includes(name))
    if (skipped) {
      test.skip(`${name} (${skipped.reason})`)
      return
    }
    test(name, async () => {
      const store = await open()
      try {
        await run(store)
      } finally {
        await store.close()
      }
    })
  }
}
