import { defineConfig } from 'tsup'

export default defineConfig({
  entry: {
    index: 'src/index.ts',
    attendance: 'src/attendance/index.ts',
    bbb: 'src/providers/bbb/index.ts',
    zoom: 'src/providers/zoom/index.ts',
    'pg-boss': 'src/pg-boss.ts',
    sql: 'src/sql/index.ts',
    migration: 'src/migration/index.ts',
    s3: 'src/s3.ts',
    calendar: 'src/calendar.ts',
    browser: 'src/browser.ts',
    http: 'src/http/index.ts',
    'socket.io': 'src/realtime/index.ts',
    metrics: 'src/otel.ts',
    testing: 'src/testing/index.ts',
    msw: 'src/msw.ts',
    cli: 'src/cli/bin.ts',
  },
  format: 'esm',
  target: 'node22',
  dts: true,
  sourcemap: true,
  clean: true,
  splitting: true,
  // `node:sqlite` exists under that name only.
  removeNodeProtocol: false,
})
