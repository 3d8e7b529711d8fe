/** The test projects: one for each package, for the examples and for our own tools. vitest.config.ts points here. */
export const projects = [
  { name: 'bbb-client', root: 'packages/bbb-client' },
  { name: 'lms-conferencing', root: 'packages/lms-conferencing' },
  { name: 'examples', root: 'examples' },
  { name: 'scripts', root: 'scripts' },
]
