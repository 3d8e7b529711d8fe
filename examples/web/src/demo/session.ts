import { type InjectionKey, inject, type Ref, readonly, shallowRef } from 'vue'

/** Somebody one can be in the demonstration. */
export interface Person {
  readonly user_id: string
  readonly display_name: string
  readonly role: 'teacher' | 'student' | 'admin'
  readonly token: string
  /** What they teach, are in, or, for the office, see. */
  readonly courses: readonly Course[]
}

export interface Course {
  readonly id: string
  readonly title: string
}

/**
 * Who sits at this tab. For the demonstration only: a real application has its own sign-in, its own session, and knows
 * its own courses. Kept for the tab, so that each tab can be another person.
 */
export interface Session {
  readonly person: Readonly<Ref<Person | null>>
  /** Everybody one can be. */
  people(): Promise<readonly Person[]>
  signIn(person: Person): void
  signOut(): void
  /** Reads the person's courses again. */
  refresh(): Promise<void>
}

const storageKey = 'demo-token'

export const sessionKey: InjectionKey<Session> = Symbol('session')

export function useSession(): Session {
  const session = inject(sessionKey)
  if (!session) throw new Error('provide(sessionKey, …) is missing')
  return session
}

/** Continues as whoever sat at this tab before it was loaded again. */
export async function openSession(): Promise<Session> {
  const person = shallowRef<Person | null>(null)
  const people = async (): Promise<readonly Person[]> => {
    const response = await fetch('/demo/people.json', { cache: 'no-store' })
    if (!response.ok) throw new Error(`the list of people: ${response.status}`)
    return response.json()
  }
  async function refresh(): Promise<void> {
    const token = sessionStorage.getItem(storageKey)
    if (token === null) return
    person.value = (await people()).find(one => one.token === token) ?? null
  }
  // Without the list there is nobody to be yet; the page for signing in says so, and asks again.
  await refresh().catch(() => {})
  return {
    person: readonly(person),
    people,
    signIn(chosen) {
      sessionStorage.setItem(storageKey, chosen.token)
      person.value = chosen
    },
    signOut() {
      sessionStorage.removeItem(storageKey)
      person.value = null
    },
    refresh,
  }
}
