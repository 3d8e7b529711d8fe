/** The test projects: one for each package and example. vitest.config.ts points here. */
export const projects = [
  { name: 'bbb-client', root: 'packages/bbb-client' },
  { name: 'lms-conferencing', root: 'packages/lms-conferencing' },
  { name: 'examples', root: 'examples' },
]
