import { BbbParamError } from '../errors.ts'
import type { Codec } from '../params.ts'
import { trimXml } from '../reader.ts'
import type { XmlNode } from '../xml.ts'
import { prefixed, type StringMap } from './maps.ts'
import { isPrivilegedName, isReservedMetaName, isReservedUserdataName } from './names.ts'
import type { Operation } from './operation.ts'

/** Parameters of a call this release does not know. */
export type FreeCallParams = StringMap

/** An answer as it came: texts, and objects and lists of them. Elements that repeat are lists. */
export interface FreeCallResult {
  readonly [name: string]: string | FreeCallResult | readonly (string | FreeCallResult)[]
}

/** Any well-formed name goes, since the call is not known; but what loads or runs something keeps its own option. */
const parameters: Codec<StringMap> = prefixed({
  prefix: '',
  pattern: /^[A-Za-z][A-Za-z0-9_.-]{0,95}$/,
  reserved: name =>
    isPrivilegedName(name) ||
    (name.startsWith('meta_') && isReservedMetaName(name.slice(5))) ||
    (name.startsWith('userdata-') && isReservedUserdataName(name.slice(9))),
})

const CALL_NAME = /^[A-Za-z]{1,64}(\/[A-Za-z]{1,64})?$/

/** Throws `BbbParamError` for anything that is no plain call name: no hash over chosen text is ever made. */
export function freeCall(name: string): Operation<FreeCallParams, FreeCallResult> {
  if (typeof name !== 'string' || !CALL_NAME.test(name))
    throw new BbbParamError('call', 'name', 'must be one word, or two joined by a slash')
  if (name.toLowerCase() === 'join') throw new BbbParamError('call', 'name', 'is join: use joinUrl')
  return {
    call: name,
    repeat: 'unsent',
    encode: (out, params, context) => parameters.encode(out, 'params', params, context),
    decode: response => toResult(response.node),
  }
}

function toResult(node: XmlNode): FreeCallResult {
  const groups = new Map<string, (string | FreeCallResult)[]>()
  for (const child of node.children) {
    const value = child.children.length > 0 ? toResult(child) : trimXml(child.text)
    const group = groups.get(child.name)
    if (group === undefined) groups.set(child.name, [value])
    else group.push(value)
  }
  const result: Record<string, string | FreeCallResult | readonly (string | FreeCallResult)[]> = Object.create(null)
  for (const [name, values] of groups) {
    const [only] = values
    result[name] = values.length === 1 && only !== undefined ? only : values
  }
  return result
}
