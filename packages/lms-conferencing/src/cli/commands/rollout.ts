import { type Command, InvalidArgumentError, Option } from 'commander'
import { ConferencingError } from '../../errors.ts'
import type { Rollout, RolloutPhase, StoredRollout } from '../../migration/index.ts'
import { explain, rolloutPhases } from '../../migration/rollout/choose.ts'
import { type ChangeRolloutOptions, changeRollout, readRollout } from '../../migration/rollout/state.ts'
import { examples, record } from '../output.ts'
import type { Session, WithStore } from '../session.ts'

interface SetOptions {
  readonly phase?: RolloutPhase
  readonly percentage?: number
  readonly newCoursesSince?: string
  readonly zoom?: 'on' | 'off'
  readonly dryRun?: boolean
}

interface Dry {
  readonly dryRun?: boolean
}

/** Which courses are on BigBlueButton already. */
export function rolloutCommands(program: Command, withStore: WithStore): void {
  const rollout = program
    .command('rollout')
    .description('which courses get new classes on BigBlueButton while a platform moves')
    .addHelpText(
      'after',
      examples(
        'rollout set --phase testing',
        'rollout allow algebra-1',
        'rollout set --phase gradual --percentage 25',
        'rollout explain algebra-1',
      ),
    )
  const dryRun = (): Option => new Option('--dry-run', 'only say what would be')

  rollout
    .command('show')
    .description('how far it is')
    .action(
      withStore(async session => {
        const stored = await readRollout(session)
        session.show(stored, () => rolloutText(stored))
      }),
    )

  rollout
    .command('set')
    .description('change the phase, the percentage, or what counts as new')
    .addOption(new Option('--phase <phase>', 'how far it is').choices(rolloutPhases))
    .option('--percentage <share>', 'of courses, in phase gradual: 0 to 100', percentage)
    .option('--new-courses-since <time>', 'courses made since then go first, in phase gradual; "never" for none')
    .addOption(new Option('--zoom <state>', 'whether new classes may be made on Zoom at all').choices(['on', 'off']))
    .addOption(dryRun())
    .addHelpText(
      'after',
      examples('rollout set --phase gradual --percentage 10', 'rollout set --new-courses-since 2027-03-01T00:00:00Z'),
    )
    .action(
      withStore(async (session, { dryRun: isDry, ...given }: SetOptions) => {
        if (Object.keys(given).length === 0) throw new ConferencingError('INVALID', 'Say what to set: see --help.')
        const { phase, percentage: share, newCoursesSince: since, zoom } = given
        return change(session, {
          what: `rollout ${Object.entries(given)
            .map(([name, value]) => `${name}=${value}`)
            .join(' ')}`,
          dryRun: isDry,
          change: one => ({
            ...one,
            ...(phase !== undefined && { phase }),
            ...(share !== undefined && { percentage: share }),
            ...(since !== undefined && { newCoursesSince: since === 'never' ? null : since }),
            ...(zoom !== undefined && { isOldEnabled: zoom === 'on' }),
          }),
        })
      }),
    )

  const lists: readonly (readonly [string, string, (one: Rollout, ids: readonly string[]) => Rollout])[] = [
    [
      'allow',
      'courses that go first',
      (one, ids) => ({ ...without(one, ids), allow: [...without(one, ids).allow, ...ids] }),
    ],
    [
      'deny',
      'courses that stay on Zoom for now',
      (one, ids) => ({ ...without(one, ids), deny: [...without(one, ids).deny, ...ids] }),
    ],
    ['forget', 'take courses off every list again', without],
  ]
  for (const [name, description, apply] of lists) {
    rollout
      .command(name)
      .description(description)
      .argument('<course...>', 'their ids')
      .addOption(dryRun())
      .addHelpText('after', examples(`rollout ${name} algebra-1 history-2`))
      .action(
        withStore(async (session, ids: readonly string[], { dryRun: isDry }: Dry) =>
          change(session, {
            what: `rollout ${name} ${ids.length} courses`,
            dryRun: isDry,
            change: one => apply(one, ids),
          }),
        ),
      )
  }

  rollout
    .command('override')
    .description('decide for one course by hand, whatever else says')
    .argument('<course>', 'its id')
    .argument('<provider>', 'bbb or zoom')
    .addOption(dryRun())
    .addHelpText('after', examples('rollout override algebra-1 zoom', 'rollout forget algebra-1'))
    .action(
      withStore(async (session, id: string, provider: string, { dryRun: isDry }: Dry) =>
        change(session, {
          what: `rollout override ${provider}`,
          dryRun: isDry,
          change: one => ({ ...without(one, [id]), overrides: { ...one.overrides, [id]: provider } }),
        }),
      ),
    )

  rollout
    .command('explain')
    .description('where a course is, and why')
    .argument('<course>', 'its id')
    .action(
      withStore(async (session, id: string) => {
        const choice = explain({ course: { id }, rollout: (await readRollout(session)).rollout })
        session.show({ course: id, ...choice }, () => `${choice.provider}: ${choice.explanation}\n`)
      }),
    )
}

const without = (one: Rollout, ids: readonly string[]): Rollout => ({
  ...one,
  allow: one.allow.filter(id => !ids.includes(id)),
  deny: one.deny.filter(id => !ids.includes(id)),
  overrides: Object.fromEntries(Object.entries(one.overrides).filter(([id]) => !ids.includes(id))),
})

async function change(session: Session, options: Pick<ChangeRolloutOptions, 'what' | 'change' | 'dryRun'>): Promise<0> {
  const stored = await changeRollout({ ...session, ...options })
  session.show({ ...stored, dryRun: options.dryRun ?? false }, () =>
    options.dryRun ? `Would be, nothing was changed:\n${rolloutText(stored)}` : rolloutText(stored),
  )
  return 0
}

const rolloutText = ({ rollout, version }: StoredRollout): string =>
  record({
    phase: rollout.phase,
    percentage: rollout.percentage,
    'new courses since': rollout.newCoursesSince,
    'go first': rollout.allow.join(', '),
    'stay for now': rollout.deny.join(', '),
    'by hand': Object.entries(rollout.overrides)
      .map(([id, provider]) => `${id}: ${provider}`)
      .join(', '),
    'new on Zoom': rollout.isOldEnabled ? 'allowed' : 'switched off',
    version,
  })

function percentage(given: string): number {
  if (!/^\d{1,3}(\.\d{1,2})?$/.test(given)) throw new InvalidArgumentError('It must be 0 to 100.')
  return Number(given)
}
