import { ZodError } from 'zod'
import type { Clock } from '../../clock.ts'
import { ConferencingError } from '../../errors.ts'
import { checkMaxAge } from '../../inbox/age.ts'
import type { CallbackRequest, ConferenceProvider, VerifiedCallback } from '../../provider.ts'
import { noAccount, type OpenAccount } from './account.ts'
import { toConferenceEvent } from './events.ts'
import { type PersonOf, personResolver } from './person.ts'
import { challengeAnswer, readSignature, redact, rejected, signatureHeaders, signedBy, tryParse } from './webhook.ts'

export interface CallbacksOptions {
  /** By the name their rows carry. */
  readonly accounts: ReadonlyMap<string, OpenAccount>
  readonly clock: Clock
  readonly maxAgeSeconds: number
  readonly people: PersonOf | undefined
}

/** The part of the provider that takes Zoom's webhooks. */
export function zoomCallbacks({
  accounts,
  clock,
  maxAgeSeconds,
  people,
}: CallbacksOptions): Pick<ConferenceProvider, 'signatureHeaders' | 'verify' | 'events'> {
  checkMaxAge('maxAgeSeconds', maxAgeSeconds)

  /** The accounts whose webhooks may arrive here: behind a proxy the path may have lost its beginning. */
  function accountsAt(target: string): readonly OpenAccount[] {
    const path = target.split('?', 1)[0] ?? ''
    return [...accounts.values()].filter(({ webhookPath }) => webhookPath === undefined || webhookPath.endsWith(path))
  }

  return {
    signatureHeaders,

    verify(request: CallbackRequest): VerifiedCallback {
      const signature = readSignature(request.headers)
      const candidates = accountsAt(request.target)
      let source: { serverId: string; secret: string } | undefined
      for (const { serverId: id, webhookSecrets } of candidates) {
        const secret = signedBy(webhookSecrets, signature, request.body)
        if (secret !== null) source ??= { serverId: id, secret }
      }
      if (source === undefined) throw rejected('mismatch')
      const body = tryParse(request.body)
      const now = clock.now()
      const answer = challengeAnswer(body, signature, source.secret, now)
      return {
        serverId: source.serverId,
        kind: answer !== null ? 'challenge' : 'event',
        body: redact(request.body, body),
        // To the end of its second.
        age: { sentAt: Number(signature.timestamp) * 1000, maxMs: maxAgeSeconds * 1000 + 999 },
        ...(answer !== null && { answer }),
      }
    },

    events({ serverId: id, kind, body }) {
      if (kind === 'challenge') return [{ kind: 'other', meetingKey: null, name: 'endpoint.url_validation' }]
      const account = accounts.get(id)
      if (account === undefined) throw noAccount(id)
      try {
        return [toConferenceEvent(tryParse(body), personResolver(account.addresses, people))]
      } catch (error) {
        if (!(error instanceof ZodError)) throw error
        const where = error.issues[0]?.path
          .map(String)
          .filter(part => /^\w{1,40}$/.test(part))
          .join('.')
        throw new ConferencingError('INVALID', 'The callback is from Zoom, but cannot be read.', {
          provider: 'zoom',
          details: { reason: 'malformed', ...(where !== undefined && where !== '' && { field: where }) },
        })
      }
    },
  }
}
