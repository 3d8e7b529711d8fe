import { defineConfig } from 'tsup'

export default defineConfig({
  entry: {
    index: 'src/index.ts',
    http: 'src/http/index.ts',
    webhooks: 'src/webhooks/index.ts',
    testing: 'src/testing/index.ts',
    msw: 'src/msw.ts',
    doctor: 'src/doctor.ts',
    cli: 'src/cli/bin.ts',
  },
  format: 'esm',
  target: 'node22',
  dts: true,
  sourcemap: true,
  clean: true,
  // One copy of every class, so that an error from one entry point is `instanceof` the class of another.
  splitting: true,
  // `node:sqlite` exists under that name only.
  removeNodeProtocol: false,
})
