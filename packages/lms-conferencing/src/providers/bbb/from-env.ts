import { BbbClient, bbbOptionsFromEnv } from 'bbb-client'
import type { ConferenceProvider } from '../../provider.ts'
import { type BbbProviderOptions, bbbProvider } from './provider.ts'
import { bbbSettingsFromEnv } from './settings.ts'

/**
 * The provider as the environment describes it: the server by `BBB_SERVER_URL` and `BBB_SHARED_SECRET` (and the rest of
 * what `bbbOptionsFromEnv` reads), how rooms are set up by what `bbbSettingsFromEnv` reads, and by `BBB_WEBHOOK_URL` the
 * public address of the hook's route, as `…/api/v1/classes/bbb-webhook/<random>`; without it BigBlueButton does not call
 * back, and attendance rests on other sources.
 *
 * `options` has what the environment does not say, or says otherwise.
 * Throws `BbbConfigError` or `TypeError` naming the variable that is missing or cannot be.
 */
export function bbbProviderFromEnv(
  env: Readonly<Record<string, string | undefined>> = process.env,
  options: Partial<BbbProviderOptions> = {},
): ConferenceProvider {
  const client = options.client ?? new BbbClient(bbbOptionsFromEnv(env))
  const { BBB_WEBHOOK_URL: url, BBB_SHARED_SECRET: secrets } = env
  return bbbProvider({
    settings: bbbSettingsFromEnv(env),
    ...(url && secrets && { callbacks: { url, secrets: secrets.trim().split(/\s+/) } }),
    ...options,
    client,
  })
}
