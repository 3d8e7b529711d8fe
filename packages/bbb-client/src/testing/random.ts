import { createHash, randomInt } from 'node:crypto'

/** A number in [0, 1). */
export type RandomSource = () => number

/** The operating system's randomness. */
export const systemRandom: RandomSource = () => randomInt(2 ** 47) / 2 ** 47

const lower = 'abcdefghijklmnopqrstuvwxyz'
const digits = '0123456789'
const alphanumeric = lower + digits
const mixed = alphanumeric + lower.toUpperCase()

/** Makes the identifiers a BigBlueButton server makes. */
export class Identifiers {
  readonly #random: RandomSource

  constructor(random: RandomSource) {
    this.#random = random
  }

  #text(alphabet: string, length: number): string {
    return Array.from({ length }, () => alphabet[Math.floor(this.#random() * alphabet.length)]).join('')
  }

  userId(): string {
    return `w_${this.#text(alphanumeric, 12)}`
  }

  authToken(): string {
    return this.#text(alphanumeric, 12)
  }

  sessionToken(): string {
    return this.#text(alphanumeric, 16)
  }

  password(): string {
    return this.#text(mixed, 8)
  }

  voiceBridge(): string {
    return this.#text('123456789', 1) + this.#text(digits, 4)
  }

  hex(length: number): string {
    return this.#text('0123456789abcdef', length)
  }

  cookie(): string {
    return this.hex(32).toUpperCase()
  }

  uuid(): string {
    const variant = this.#text('89ab', 1)
    return `${this.hex(8)}-${this.hex(4)}-4${this.hex(3)}-${variant}${this.hex(3)}-${this.hex(12)}`
  }
}

/** The UUID v5 (URL namespace) that bbb-webhooks gives its permanent hooks. */
export function uuidOfUrl(url: string): string {
  const namespace = Buffer.from('6ba7b8119dad11d180b400c04fd430c8', 'hex')
  const bytes = createHash('sha1').update(namespace).update(url, 'utf8').digest().subarray(0, 16)
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x50
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  const hex = bytes.toString('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}
