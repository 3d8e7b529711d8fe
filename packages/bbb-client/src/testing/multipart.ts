/** One part of a `multipart/form-data` body. */
export interface Part {
  readonly name: string
  readonly fileName: string | undefined
  readonly content: string
}

/** Reads a multipart body; `undefined` when the content type names no boundary. */
export function readMultipart(contentType: string, body: Uint8Array): Part[] | undefined {
  const boundary = /boundary=(?:"([^"]+)"|([^;\s]+))/i.exec(contentType)
  const mark = boundary?.[1] ?? boundary?.[2]
  if (!mark) return undefined
  const text = Buffer.from(body).toString('latin1')
  const pieces = `\r\n${text}`.split(`\r\n--${mark}`).slice(1)
  return pieces.flatMap(piece => {
    if (piece.startsWith('--')) return []
    const gap = piece.indexOf('\r\n\r\n')
    if (gap < 0) return []
    const head = utf8(piece.slice(0, gap))
    const disposition = /content-disposition:[^\r\n]*/i.exec(head)?.[0] ?? ''
    const name = /[;\s]name="([^"]*)"/i.exec(disposition)?.[1]
    if (name === undefined) return []
    const fileName = /filename="([^"]*)"/i.exec(disposition)?.[1]
    return [{ name, fileName, content: utf8(piece.slice(gap + 4)) }]
  })
}

function utf8(latin1: string): string {
  return Buffer.from(latin1, 'latin1').toString('utf8')
}
