import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/** The way to a server on loopback, which can break like a network does. */
export interface Proxy {
  readonly port: number
  /** Packets vanish in both directions; new connections are accepted and hear nothing. */
  freeze(): void
  /** New connections get through again. What was frozen stays so, like after a router has forgotten it. */
  thaw(): void
  /** New connections lead elsewhere; those that are open are reset. */
  moveTo(port: number): void
}

/** `cleanup` is given what closes it. */
export async function startProxy(target: number, cleanup: (close: () => void) => void): Promise<Proxy> {
  let port = target
  let isFrozen = false
  const sockets = new Set<Socket>()
  const keep = (socket: Socket): void => {
    sockets.add(socket)
    socket.on('error', () => {}).on('close', () => sockets.delete(socket))
  }
  const server = createServer(near => {
    keep(near)
    if (isFrozen) return
    const far = connect(port, '127.0.0.1')
    keep(far)
    near.pipe(far).pipe(near)
    near.on('close', () => far.destroy())
    far.on('close', () => near.destroy())
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  cleanup(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    freeze() {
      isFrozen = true
      for (const socket of sockets) socket.unpipe().pause()
    },
    thaw() {
      isFrozen = false
    },
    moveTo(other) {
      port = other
      for (const socket of sockets) socket.resetAndDestroy()
    },
  }
}
