import { escapeXml } from '../xml.ts'

/** Text for HTML. */
export const escapeHtml = escapeXml

const css = `
:root { color-scheme: light dark; --page: #f5f7fa; --card: #fff; --ink: #17202b; --soft: #51606f; --line: #d5dce4; --accent: #0b63c5; --on-accent: #fff; --warm: #b45309; --danger: #b3261e }
@media (prefers-color-scheme: dark) { :root { --page: #10161d; --card: #19222c; --ink: #eef3f8; --soft: #a5b3c1; --line: #33414e; --accent: #6db1ff; --on-accent: #06182c; --warm: #f5b95f; --danger: #ff8a80 } }
* { box-sizing: border-box }
body { margin: 0; background: var(--page); color: var(--ink); font: 16px/1.5 system-ui, sans-serif }
main, header { max-width: 60rem; margin: 0 auto; padding: 1rem }
h1 { font-size: 1.5rem; margin: .5rem 0 } h2 { font-size: 1.1rem; margin: 0 0 .5rem }
.note { color: var(--soft); margin: 0 }
.grid { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(min(18rem, 100%), 1fr)) }
.card { background: var(--card); border: 1px solid var(--line); border-radius: .75rem; padding: 1rem; min-width: 0 }
.bar { display: flex; flex-wrap: wrap; gap: .5rem; margin: 1rem 0 } .bar form, li form { display: inline }
button, input { font: inherit; color: inherit; border: 1px solid var(--line); border-radius: .5rem; padding: .5rem .9rem; background: var(--card) }
button { cursor: pointer } button.main { background: var(--accent); border-color: var(--accent); color: var(--on-accent) } button.leave { color: var(--danger); border-color: currentColor }
button[aria-pressed=true] { outline: 2px solid var(--accent); outline-offset: -2px; font-weight: 600 }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px }
ul { list-style: none; margin: 0; padding: 0 } li { padding: .35rem 0; border-bottom: 1px solid var(--line); overflow-wrap: anywhere } li:last-child { border: 0 }
.badge { font-size: .8rem; color: var(--soft); border: 1px solid var(--line); border-radius: 1rem; padding: 0 .5rem; margin-left: .35rem; white-space: nowrap } .badge.on { color: var(--warm); border-color: currentColor }
.say { display: flex; gap: .5rem; margin-top: .75rem } .say input { flex: 1; min-width: 0 }
.sr { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%) }
a { color: var(--accent) }
table { border-collapse: collapse; width: 100% } th, td { text-align: left; padding: .4rem .5rem .4rem 0; border-bottom: 1px solid var(--line); overflow-wrap: anywhere }
.stage { aspect-ratio: 16 / 9; display: grid; place-items: center; border-radius: .5rem; background: linear-gradient(135deg, #12304f, #0b63c5); color: #fff; text-align: center; padding: 1rem }
`

/** A whole page that needs nothing from anywhere. `script` and `main` are trusted; `title` is not. */
export function page(title: string, main: string, script = ''): string {
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${escapeHtml(title)}</title><style>${css}</style></head>
<body><main>${main}</main>${script && `<script>${script}</script>`}</body>
</html>
`
}

/** A page with one message. */
export function messagePage(title: string, text: string): string {
  return page(title, `<h1>${escapeHtml(title)}</h1><div class="card"><p>${escapeHtml(text)}</p></div>`)
}
