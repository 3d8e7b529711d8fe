import { z } from 'zod'

/** How rooms are set up, the same for every class. What is left out is for the server to decide. */
export interface BbbMeetingSettings {
  /** Records from the first second, for classes that are recorded. */
  readonly autoStartRecording?: boolean | undefined
  /** Whether moderators may start and stop recording. */
  readonly allowStartStopRecording?: boolean | undefined
  /** Students' cameras are seen by moderators only. */
  readonly webcamsOnlyForModerator?: boolean | undefined
  readonly muteOnStart?: boolean | undefined
  readonly lockSettingsDisableCam?: boolean | undefined
  readonly lockSettingsDisableMic?: boolean | undefined
  /** Where browsers go when a class is over. */
  readonly logoutURL?: string | undefined
}

const flag = z
  .enum(['true', 'false'], { error: 'must be true or false' })
  .transform(value => value === 'true')
  .optional()

const environment = z.object({
  BBB_AUTO_START_RECORDING: flag,
  BBB_ALLOW_START_STOP_RECORDING: flag,
  BBB_WEBCAMS_ONLY_FOR_MODERATOR: flag,
  BBB_MUTE_ON_START: flag,
  BBB_LOCK_SETTINGS_DISABLE_CAM: flag,
  BBB_LOCK_SETTINGS_DISABLE_MIC: flag,
})

/**
 * Settings from `BBB_AUTO_START_RECORDING`, `BBB_ALLOW_START_STOP_RECORDING`, `BBB_WEBCAMS_ONLY_FOR_MODERATOR`,
 * `BBB_MUTE_ON_START`, `BBB_LOCK_SETTINGS_DISABLE_CAM` and `BBB_LOCK_SETTINGS_DISABLE_MIC`, each `true` or `false`.
 * Throws `TypeError` naming the variable that is neither.
 */
export function bbbSettingsFromEnv(
  env: Readonly<Record<string, string | undefined>> = process.env,
): BbbMeetingSettings {
  const parsed = environment.safeParse(env)
  if (!parsed.success) throw new TypeError(`${String(parsed.error.issues[0]?.path[0])}: must be true or false`)
  const { data } = parsed
  return {
    autoStartRecording: data.BBB_AUTO_START_RECORDING,
    allowStartStopRecording: data.BBB_ALLOW_START_STOP_RECORDING,
    webcamsOnlyForModerator: data.BBB_WEBCAMS_ONLY_FOR_MODERATOR,
    muteOnStart: data.BBB_MUTE_ON_START,
    lockSettingsDisableCam: data.BBB_LOCK_SETTINGS_DISABLE_CAM,
    lockSettingsDisableMic: data.BBB_LOCK_SETTINGS_DISABLE_MIC,
  }
}
