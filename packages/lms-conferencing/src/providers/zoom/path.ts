/**
 * A value as one segment of a path. Meeting UUIDs are base64 text and may hold `/`: Zoom wants those that begin with
 * one, or hold two in a row, encoded twice (Zoom's Meeting API document).
 */
export function pathSegment(value: string): string {
  const once = encodeURIComponent(value)
  return value.startsWith('/') || value.includes('//') ? encodeURIComponent(once) : once
}
