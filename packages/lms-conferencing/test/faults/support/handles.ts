import { readdirSync, readlinkSync } from 'node:fs'

/** What each file descriptor of this process leads to; where the system does not tell, what keeps the process alive. */
export function openFiles(): readonly string[] {
  if (process.platform !== 'linux') return process.getActiveResourcesInfo()
  return readdirSync('/proc/self/fd').flatMap(descriptor => {
    try {
      return readlinkSync(`/proc/self/fd/${descriptor}`)
    } catch {
      // The one that read the directory.
      return []
    }
  })
}
