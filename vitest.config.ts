import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { projects } from './vitest.workspace.ts'

// Packages import each other by name; this condition resolves those names to their sources, so tests need no build.
// `import` and `default` go without saying; named here they would also be forced on require(), which breaks pg.
// `module` is for bundlers: Node cannot read what the AWS SDK has there.
const conditions = ['lms-conferencing-source', 'node']

const fastCheckSeed = fileURLToPath(new URL('scripts/fast-check-seed.ts', import.meta.url))

export default defineConfig({
  test: {
    reporters: ['default', './scripts/summary-reporter.ts'],
    projects: projects.map(({ name, root }) => ({
      root,
      resolve: { conditions },
      ssr: { resolve: { conditions, externalConditions: conditions } },
      test: {
        name,
        include: ['**/test/**/*.test.ts'],
        setupFiles: [fastCheckSeed],
        environment: 'node',
        testTimeout: 60_000,
        hookTimeout: 60_000,
      },
    })),
  },
})
