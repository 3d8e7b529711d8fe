import type { Server as HttpServer } from 'node:http'
import type { Duplex } from 'node:stream'
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
  const connections = new Set<Duplex>()
  server.on('upgrade', (_request, connection) => {
    connections.add(connection)
    connection.once('close', () => connections.delete(connection))
  })
  return async () => {
    await live.close()
    io.engine.close()
    // A server that closes waits for these too, and a page that is gone never says goodbye.
    for (const connection of connections) connection.destroy()
  }
}
