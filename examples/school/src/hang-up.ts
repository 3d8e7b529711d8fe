import type { Server } from 'node:http'

/**
 * Lets a server that closes wait for answers and for nothing else. Node hangs up on those who are idle when it is told
 * to close; who is still being answered then, or still sends a body that was refused unread, becomes idle later, and
 * would be waited for as long as the server keeps connections alive: five seconds in Node, 72 in Fastify.
 */
export function hangUpOnceAnswered(server: Server): void {
  server.on('request', (request, response) => {
    const hangUp = (): void => {
      if (!server.listening && request.closed && response.closed) request.socket.destroySoon()
    }
    // Either may be the last: an answer can be out before the body is in.
    request.once('close', hangUp)
    response.once('close', hangUp)
  })
}
