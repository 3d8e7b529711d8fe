// Loaded before a package is imported: whatever reaches for the world while it is only being imported throws.
import childProcess from 'node:child_process'
import dgram from 'node:dgram'
import dns from 'node:dns'
import { syncBuiltinESMExports } from 'node:module'
import net from 'node:net'

function forbid(object, name) {
  object[name] = () => {
    throw new Error(`${name}() during import`)
  }
}

forbid(net.Socket.prototype, 'connect')
forbid(net.Server.prototype, 'listen')
forbid(dgram, 'createSocket')
forbid(dns, 'lookup')
for (const name of ['spawn', 'spawnSync', 'exec', 'execSync', 'execFile', 'execFileSync', 'fork'])
  forbid(childProcess, name)
forbid(globalThis, 'fetch')
syncBuiltinESMExports()
