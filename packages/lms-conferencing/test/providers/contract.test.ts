import { describeProvider } from '../../src/testing/index.ts'
import { bbbUnderTest } from '../support/bbb-under-test.ts'
import { zoomUnderTest } from '../support/zoom-under-test.ts'

const bbbSkips = [
  {
    reason: 'BigBlueButton writes down who was there for its own callback only',
    tests: ['its own report says what its callbacks said'],
  },
]
const zoomSkips = [
  { reason: 'only the largest plans of Zoom tell who is connected', tests: ['says who is connected now'] },
]

describeProvider({ name: 'BigBlueButton', create: () => bbbUnderTest('memory'), skip: bbbSkips })
describeProvider({ name: 'BigBlueButton over a socket', create: () => bbbUnderTest('socket'), skip: bbbSkips })
describeProvider({ name: 'Zoom', create: () => zoomUnderTest('memory'), skip: zoomSkips })
describeProvider({ name: 'Zoom over a socket', create: () => zoomUnderTest('socket'), skip: zoomSkips })
describeProvider({
  name: 'Zoom with UUIDs full of slashes, and ids above 2^53',
  create: () => zoomUnderTest('memory', { uuids: 'slashes', firstMeetingId: 9_007_199_254_740_993n }),
  skip: zoomSkips,
})
