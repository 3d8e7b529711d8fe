import { visibleText } from '../visible-text.ts'

type Attributes = Readonly<Record<string, string | number | undefined>>

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Text for content and attributes: markup in it is text, and characters XML forbids or nobody sees are written out. */
export function escaped(text: string): string {
  return visibleText(text).text.replace(/[&<>"']/g, character => ESCAPES[character] ?? '')
}

/** One element. Attribute values are escaped, children are markup; attributes that are `undefined` are left out. */
export function element(name: string, attributes: Attributes, ...children: readonly string[]): string {
  const written = Object.entries(attributes).map(([key, value]) => {
    if (value === undefined) return ''
    return ` ${key}="${typeof value === 'number' ? rounded(value) : escaped(value)}"`
  })
  const opening = `<${name}${written.join('')}`
  const content = children.join('')
  return content === '' ? `${opening}/>` : `${opening}>${content}</${name}>`
}

/** A text element; what it says is escaped. */
export function text(content: string, attributes: Attributes): string {
  return element('text', attributes, escaped(content))
}

export interface Box {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

/** A bar, round where it begins or ends for itself and straight where it goes on as another. */
export function bar({ x, y, width, height }: Box, className: string, round: { left: boolean; right: boolean }): string {
  const radius = Math.min(4, height / 2, width / 2)
  const left = round.left ? radius : 0
  const right = round.right ? radius : 0
  const corner = (radiusX: number, dx: number, dy: number, turn: string) => {
    if (radiusX === 0) return ''
    const [h, v] = [rounded(dx * radiusX), rounded(dy * radiusX)]
    return turn === 'down' ? `q${h} 0 ${h} ${v}` : `q0 ${v} ${h} ${v}`
  }
  const d = [
    `M${rounded(x + left)} ${rounded(y)}H${rounded(x + width - right)}`,
    corner(right, 1, 1, 'down'),
    `V${rounded(y + height - right)}`,
    corner(right, -1, 1, 'back'),
    `H${rounded(x + left)}`,
    corner(left, -1, -1, 'down'),
    `V${rounded(y + left)}`,
    corner(left, 1, -1, 'back'),
    'z',
  ]
  return element('path', { class: className, d: d.join('') })
}

function rounded(value: number): string {
  // A hundredth of a pixel.
  return String(Math.round(value * 100) / 100)
}
