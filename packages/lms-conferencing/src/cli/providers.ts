import { ConferencingError } from '../errors.ts'
import type { ConferenceProvider } from '../provider.ts'

export type Env = Readonly<Record<string, string | undefined>>

/**
 * The video services that the environment describes, by name; each is loaded only when it is there. Throws `INVALID`
 * naming the variable that is missing or wrong, never its value.
 */
export async function providersFromEnv(env: Env): Promise<Readonly<Record<string, ConferenceProvider>>> {
  const providers: Record<string, ConferenceProvider> = {}
  try {
    if (env.BBB_SERVER_URL) {
      const { bbbProviderFromEnv } = await load('bbb-client', () => import('../providers/bbb/index.ts'))
      providers.bbb = bbbProviderFromEnv(env)
    }
    if (env.ZOOM_ACCOUNT_ID) {
      const { zoomOptionsFromEnv, zoomProvider } = await load('bbb-client', () => import('../providers/zoom/index.ts'))
      providers.zoom = zoomProvider(zoomOptionsFromEnv(env))
    }
  } catch (error) {
    if (error instanceof ConferencingError || !(error instanceof Error)) throw error
    // They name the variable and the rule, never a value.
    throw new ConferencingError('INVALID', error.message)
  }
  if (Object.keys(providers).length > 0) return providers
  throw new ConferencingError(
    'INVALID',
    'Which video service? Set BBB_SERVER_URL and BBB_SHARED_SECRET, or ZOOM_ACCOUNT_ID and what belongs to it.',
  )
}

async function load<T>(library: string, module: () => Promise<T>): Promise<T> {
  try {
    return await module()
  } catch {
    throw new ConferencingError('INVALID', `This needs the package ${library}: install it beside this one.`)
  }
}
