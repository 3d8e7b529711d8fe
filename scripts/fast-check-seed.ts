/**
 * Random cases are new in every run, and each failure prints its seed. Where a run must say something about the change
 * and not about luck, FAST_CHECK_SEED makes it draw the same cases every time.
 */
const seed = process.env.FAST_CHECK_SEED
if (seed !== undefined) {
  const { default: fc } = await import('fast-check')
  fc.configureGlobal({ seed: Number(seed) })
}
