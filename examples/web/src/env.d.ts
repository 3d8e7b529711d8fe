interface ImportMetaEnv {
  readonly VITE_VIRTUAL_CLASSES_ENABLED?: string
  readonly VITE_RECORDING_PLAYBACK_ENABLED?: string
}
