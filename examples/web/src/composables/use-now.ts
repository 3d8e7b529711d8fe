import { onScopeDispose, type Ref, readonly, ref } from 'vue'

/** The time, in epoch milliseconds, renewed every ten seconds. */
export function useNow(): Readonly<Ref<number>> {
  const now = ref(Date.now())
  const timer = setInterval(() => {
    now.value = Date.now()
  }, 10_000)
  onScopeDispose(() => clearInterval(timer))
  return readonly(now)
}
