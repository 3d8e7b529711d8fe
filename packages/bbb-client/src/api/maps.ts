import { type Codec, prefixed, type StringMap } from '../params.ts'
import { isReservedMetaName, isReservedName, isReservedUserdataName } from './names.ts'

/** `meta_…`: names as BigBlueButton keeps them (its ParamsProcessorUtil drops others silently), lower-cased by it and here. */
export const meta = (): Codec<StringMap> =>
  prefixed({ prefix: 'meta_', pattern: /^[a-z][a-z0-9-]{0,63}$/, lowerCase: true, reserved: isReservedMetaName })

/** `userdata-…`: the server splits at every dash and wants exactly two parts, so a key has none. */
export const userdata = (): Codec<StringMap> =>
  prefixed({ prefix: 'userdata-', pattern: /^[A-Za-z_][A-Za-z0-9_.]{0,63}$/, reserved: isReservedUserdataName })

/** Parameters newer than this release. Documented ones have an option of their own and are refused here. */
export const extra = (): Codec<StringMap> =>
  prefixed({ prefix: '', pattern: /^[A-Za-z][A-Za-z0-9_.-]{0,63}$/, reserved: isReservedName })
