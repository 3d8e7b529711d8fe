/** What this build of the page shows. Everything is on unless the environment says `false`. */
export const features = {
  virtualClasses: import.meta.env.VITE_VIRTUAL_CLASSES_ENABLED !== 'false',
  recordingPlayback: import.meta.env.VITE_RECORDING_PLAYBACK_ENABLED !== 'false',
} as const
