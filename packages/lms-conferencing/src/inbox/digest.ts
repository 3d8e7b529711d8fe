import { hash } from 'node:crypto'

/** What makes two callbacks the same one. */
export interface CallbackIdentity {
  readonly tenantId: string
  readonly provider: string
  readonly serverId: string
  readonly kind: string
  readonly body: Uint8Array
}

/** SHA-256 in hex over all of it, the names as JSON so that none can run over into the next. */
export function callbackDigest({ tenantId, provider, serverId, kind, body }: CallbackIdentity): string {
  const head = JSON.stringify([tenantId, provider, serverId, kind])
  return hash('sha256', Buffer.concat([Buffer.from(head), body]))
}
