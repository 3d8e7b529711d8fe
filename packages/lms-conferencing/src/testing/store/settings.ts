import { expect } from 'vitest'
import type { Setting, Store } from '../../store.ts'
import type { StoreTest } from './suite.ts'

const put = (store: Store, setting: Setting, tenantId = 'school'): Promise<boolean> =>
  store.transaction(tx => tx.putSetting(tenantId, setting))
const get = (store: Store, name: string, tenantId = 'school') => store.read(tx => tx.getSetting(tenantId, name))

export function describeSettings(test: StoreTest): void {
  test('a setting changes from one version to the next, and for whoever was first', async store => {
    const first = { name: 'rollout', value: '{"phase":"testing"}', version: 1 }
    expect(await get(store, 'rollout')).toBeNull()
    expect(await put(store, { ...first, version: 2 })).toBe(false)
    expect(await put(store, first)).toBe(true)
    expect(await put(store, { ...first, value: '{}' })).toBe(false)
    expect(await get(store, 'rollout')).toEqual(first)
    const second = { name: 'rollout', value: '{"phase":"full"}', version: 2 }
    expect(await put(store, second)).toBe(true)
    expect(await put(store, { ...second, value: '{}' })).toBe(false)
    expect(await put(store, { ...second, version: 4 })).toBe(false)
    expect(await get(store, 'rollout')).toEqual(second)
  })

  test('settings are listed by name, page after page, those with the prefix alone, each tenant its own', async store => {
    for (const name of ['a:2', 'a:1', 'a:10', 'b:1', 'a']) await put(store, { name, value: '0', version: 1 })
    await put(store, { name: 'a:0', value: '1', version: 1 }, 'other')
    const list = (after?: string, tenantId = 'school') =>
      store.read(tx => tx.listSettings({ tenantId, prefix: 'a:', limit: 2, after }))
    expect((await list()).map(({ name }) => name)).toEqual(['a:1', 'a:10'])
    expect((await list('a:10')).map(({ name }) => name)).toEqual(['a:2'])
    expect(await list(undefined, 'other')).toEqual([{ name: 'a:0', value: '1', version: 1 }])
    expect(await get(store, 'a:0')).toBeNull()
  })
}
