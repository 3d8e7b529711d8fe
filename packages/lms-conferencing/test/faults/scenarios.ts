import { blocked } from './blocked.ts'
import { burst } from './burst.ts'
import { fullDisk } from './full-disk.ts'
import { kill } from './kill.ts'
import { locked } from './locked.ts'
import { several } from './several.ts'
import { stopped } from './stopped.ts'
import type { Scenario } from './support/scenario.ts'

/** Every fault that is played on real databases, in the order of the list in the threat model. */
export const scenarios: readonly Scenario[] = [kill, stopped, locked, fullDisk, several, burst, blocked]
