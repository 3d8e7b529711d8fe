import type { Store, StoreTransaction } from '../store.ts'

/** What is remembered of one class, as a setting of its own. */
export interface Note<T> {
  readonly classId: string
  readonly value: T
  readonly version: number
}

/** Notes of one kind. Their type is a promise: nobody else writes settings of this name. */
export class Notes<T> {
  readonly #store: Store
  readonly #tenantId: string
  readonly #prefix: string

  constructor(store: Store, tenantId: string, kind: string) {
    this.#store = store
    this.#tenantId = tenantId
    this.#prefix = `migration/${kind}/`
  }

  async get(tx: StoreTransaction, classId: string): Promise<Note<T> | null> {
    const setting = await tx.getSetting(this.#tenantId, this.#prefix + classId)
    return setting && { classId, value: JSON.parse(setting.value), version: setting.version }
  }

  /** Answers the note as it is now; throws nothing: `null` when somebody else was first. */
  async put(
    tx: StoreTransaction,
    { classId, version }: Pick<Note<T>, 'classId' | 'version'>,
    value: T,
  ): Promise<Note<T> | null> {
    const next = version + 1
    const setting = { name: this.#prefix + classId, value: JSON.stringify(value), version: next }
    return (await tx.putSetting(this.#tenantId, setting)) ? { classId, value, version: next } : null
  }

  /** All of them, page after page. */
  async *all(): AsyncGenerator<Note<T>> {
    let after: string | undefined
    for (;;) {
      const page = await this.#store.read(tx =>
        tx.listSettings({ tenantId: this.#tenantId, prefix: this.#prefix, after, limit: 200 }),
      )
      for (const { name, value, version } of page)
        yield { classId: name.slice(this.#prefix.length), value: JSON.parse(value), version }
      after = page.at(-1)?.name
      if (after === undefined) return
    }
  }
}
