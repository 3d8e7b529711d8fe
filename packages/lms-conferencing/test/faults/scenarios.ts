import { blocked } from './blocked.ts'
import { burst } from './burst.ts'
import { clocks } from './clocks.ts'
import { deadLetters } from './dead-letters.ts'
import { fullDisk } from './full-disk.ts'
import { keepBounds } from './keep-bounds.ts'
import { kill } from './kill.ts'
import { late } from './late.ts'
import { locked } from './locked.ts'
import { migration } from './migration.ts'
import { nthOperation } from './nth-operation.ts'
import { paused } from './paused.ts'
import { poison } from './poison.ts'
import { restore } from './restore.ts'
import { rotation } from './rotation.ts'
import { several } from './several.ts'
import { stopped } from './stopped.ts'
import type { Scenario } from './support/scenario.ts'

/** Every fault that is played on real databases, in the order of the list in the threat model. */
export const scenarios: readonly Scenario[] = [
  kill,
  stopped,
  locked,
  fullDisk,
  several,
  late,
  poison,
  deadLetters,
  clocks,
  rotation,
  paused,
  keepBounds,
  migration,
  restore,
  nthOperation,
  burst,
  blocked,
]
