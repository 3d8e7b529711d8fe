import type { Progress } from '../migration/index.ts'
import type { Io } from './io.ts'

const WIDTH = 24
/** How often a line is said where nobody sees a bar, in milliseconds. */
const LINE_MS = 10_000

const time = (seconds: number | null): string => {
  if (seconds === null) return ''
  const whole = Math.ceil(seconds)
  if (whole < 90) return `, ${whole} s left`
  return whole < 5400 ? `, ${Math.ceil(whole / 60)} min left` : `, ${Math.ceil(whole / 3600)} h left`
}

const numbers = ({ done, total, perSecond, secondsLeft }: Progress): string =>
  `${total > done || secondsLeft !== null ? `${done} of ${total}` : done}, ${Math.round(perSecond)}/s${time(secondsLeft)}`

/** A bar at a terminal, a line now and then elsewhere; on standard error. `end` leaves the terminal as it was. */
export function progressOf({ io, now }: { readonly io: Io; readonly now: () => number }): {
  readonly onProgress: (progress: Progress) => void
  readonly end: () => void
} {
  let said = now()
  let isDrawn = false
  return {
    onProgress(progress) {
      const { step, done, total } = progress
      if (io.ask) {
        const filled = total === 0 ? WIDTH : Math.floor((done / total) * WIDTH)
        io.err(`\r\u001b[K${step} [${'#'.repeat(filled)}${' '.repeat(WIDTH - filled)}] ${numbers(progress)}`)
        isDrawn = true
      } else if (now() - said >= LINE_MS) {
        said = now()
        io.err(`${step}: ${numbers(progress)}\n`)
      }
    },
    end() {
      if (isDrawn) io.err('\r\u001b[K')
      isDrawn = false
    },
  }
}
