export { describeHttpApi, overSocket, type ServedApi } from './http-conformance.ts'
export { describeUnmodified } from './over-msw.ts'
export { type ServerProcess, startServer } from './server-process.ts'
