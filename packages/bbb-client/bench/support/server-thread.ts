import { createServer } from 'node:net'
import { parentPort } from 'node:worker_threads'

/** Answers every request on a kept-alive connection with the same bytes, in a thread of its own. */
const body = '<response>\n<returncode>SUCCESS</returncode>\n<running>true</running>\n</response>'
const answer = Buffer.from(
  `HTTP/1.1 200 OK\r\nContent-Type: text/xml;charset=utf-8\r\nContent-Length: ${body.length}\r\nConnection: keep-alive\r\n\r\n${body}`,
)

const server = createServer({ noDelay: true }, socket => {
  let rest = ''
  socket.on('data', chunk => {
    rest += chunk.toString('latin1')
    let requests = 0
    for (let end = rest.indexOf('\r\n\r\n'); end >= 0; end = rest.indexOf('\r\n\r\n')) {
      rest = rest.slice(end + 4)
      requests++
    }
    if (requests === 1) socket.write(answer)
    else if (requests > 1) socket.write(Buffer.concat(Array.from({ length: requests }, () => answer)))
  })
  socket.on('error', () => {})
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  parentPort?.postMessage(typeof address === 'object' ? address?.port : 0)
})
