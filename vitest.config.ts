import { defineConfig } from 'vitest/config'
import { projects } from './vitest.workspace.ts'

// Packages import each other by name; this condition resolves those names to their sources, so tests need no build.
const conditions = ['workspace-source', 'node', 'module', 'import', 'default']

export default defineConfig({
  test: {
    reporters: ['default', './scripts/summary-reporter.ts'],
    projects: projects.map(({ name, root }) => ({
      root,
      resolve: { conditions },
      ssr: { resolve: { conditions, externalConditions: conditions } },
      test: { name, include: ['**/test/**/*.test.ts'], environment: 'node', testTimeout: 60_000, hookTimeout: 60_000 },
    })),
  },
})
