import { element } from './svg.ts'

interface Palette {
  readonly page: string
  readonly ink: string
  readonly muted: string
  readonly line: string
  readonly held: string
  readonly there: string
  readonly warn: string
  readonly bad: string
}

const LIGHT: Palette = {
  page: '#ffffff',
  ink: '#18222f',
  muted: '#5b6878',
  line: '#dfe5ec',
  held: '#f3f6f9',
  there: '#1f7a8c',
  warn: '#b45309',
  bad: '#b3261e',
}

const DARK: Palette = {
  page: '#12181f',
  ink: '#e8edf3',
  muted: '#9aa7b6',
  line: '#2b3643',
  held: '#1a222c',
  there: '#4fb6ca',
  warn: '#f2ae55',
  bad: '#ff9a91',
}

export type Theme = 'auto' | 'light' | 'dark'

/** The style sheet, scoped to one picture so that it can stand inside a page. */
export function styleSheet(id: string, theme: Theme): string {
  const root = `#${id}`
  const variables = (palette: Palette) =>
    `${root}{${Object.entries(palette)
      .map(([name, value]) => `--${name}:${value};`)
      .join('')}}`
  const colours = {
    light: variables(LIGHT),
    dark: variables(DARK),
    auto: `${variables(LIGHT)}@media(prefers-color-scheme:dark){${variables(DARK)}}`,
  }
  const rules: readonly (readonly [string, string])[] = [
    [
      '',
      'color:var(--ink);font-family:system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif;max-width:100%;height:auto',
    ],
    [' text', 'fill:currentColor;unicode-bidi:plaintext;font-variant-numeric:tabular-nums'],
    [' .muted', 'fill:var(--muted)'],
    [' .page', 'fill:var(--page);stroke:var(--line)'],
    [' .held', 'fill:var(--held)'],
    [' .line', 'stroke:var(--line)'],
    [' .tick', 'stroke:var(--line);stroke-dasharray:1 3'],
    [' .plan', 'stroke:var(--muted);stroke-dasharray:3 3'],
    [' .now', 'stroke:var(--bad);stroke-width:1.5'],
    [' .there', 'fill:var(--there)'],
    [' .bridged', 'fill:var(--there);fill-opacity:.38'],
    [' .imputed', `fill:url(#${id}-imputed);stroke:var(--there);stroke-dasharray:3 2`],
    [' .blind', `fill:url(#${id}-blind)`],
    [' .count', 'fill:var(--there);fill-opacity:.16;stroke:var(--there);stroke-opacity:.7;stroke-linejoin:round'],
    [' .wait', 'stroke:var(--warn);stroke-width:1.6;stroke-linecap:round;stroke-dasharray:.1 4.4'],
    [' .mark', 'fill:var(--warn)'],
    [' .live', 'fill:var(--page);stroke:var(--there);stroke-width:2.4'],
    [' text.now', 'fill:var(--bad);stroke:none'],
    [' text.warn', 'fill:var(--warn)'],
    [' text.bad', 'fill:var(--bad)'],
    [' .dot', 'stroke-width:1.6;fill:none'],
    [' .dot.good', 'stroke:var(--there)'],
    [' .dot.warn', 'stroke:var(--warn)'],
    [' .dot.bad', 'stroke:var(--bad)'],
    [' .dot.none', 'stroke:var(--muted);stroke-dasharray:1.5 2'],
    [' .fill.good', 'fill:var(--there)'],
    [' .fill.warn', 'fill:var(--warn)'],
    [' .hatch', 'stroke:var(--there);stroke-width:2.2;stroke-opacity:.75'],
    [' .wash', 'fill:var(--there);fill-opacity:.14'],
    [' .grey', 'stroke:var(--muted);stroke-width:1.2;stroke-opacity:.5'],
  ]
  return element('style', {}, colours[theme], ...rules.map(([selector, body]) => `${root}${selector}{${body}}`))
}

/** The hatchings: time that is assumed, and time nothing is known of. */
export function patterns(id: string): string {
  const hatch = (name: string, size: number, turn: number, ...lines: readonly string[]) =>
    element(
      'pattern',
      {
        id: `${id}-${name}`,
        width: size,
        height: size,
        patternUnits: 'userSpaceOnUse',
        patternTransform: `rotate(${turn})`,
      },
      ...lines,
    )
  return element(
    'defs',
    {},
    hatch(
      'imputed',
      6,
      45,
      element('rect', { class: 'wash', width: 6, height: 6 }),
      element('path', { class: 'hatch', d: 'M0 0V6' }),
    ),
    hatch('blind', 7, -45, element('path', { class: 'grey', d: 'M0 0V7' })),
  )
}
