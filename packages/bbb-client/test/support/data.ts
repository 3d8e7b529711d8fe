import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Where the recorded answers of real servers are; unset in an ordinary clone, whose conformance tests then skip. */
export const data = process.env.CONFORMANCE_DATA || undefined

function path(name: string): string {
  return join(data ?? '', 'bbb', name)
}

export function readBytes(name: string): Buffer {
  return readFileSync(path(name))
}

export function readText(name: string): string {
  return readFileSync(path(name), 'utf8')
}

/** The shape of the data is the test's own business, so it is taken as said. */
export function readJson<T>(name: string): T {
  const value: T = JSON.parse(readText(name))
  return value
}

export function list(name: string): readonly string[] {
  return readdirSync(path(name)).sort()
}
