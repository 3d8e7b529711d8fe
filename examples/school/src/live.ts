import type { Server as HttpServer } from 'node:http'
import { attachLiveUpdates, type LiveUpdatesOptions } from 'lms-conferencing/socket.io'
import { Server } from 'socket.io'

/**
 * Live updates on the server that serves the API. Any number of processes may do this on one database, without an
 * adapter: each tells its own pages what the log of changes says. Answers what ends it.
 */
export function serveLive(server: HttpServer, ports: Omit<LiveUpdatesOptions, 'io'>): () => Promise<void> {
  // Pages send little: what they follow, and that they have heard.
  const io = new Server(server, { serveClient: false, maxHttpBufferSize: 65_536, transports: ['websocket'] })
  const live = attachLiveUpdates({ io, ...ports })
  return async () => {
    await live.close()
    // The HTTP server stays the framework's: it waits for all its connections, so none may be left open.
    io.disconnectSockets(true)
    io.engine.close()
  }
}
