import type { OpenAPIHono } from '@hono/zod-openapi'
import { html, raw } from 'hono/html'
import type { ApiEnv } from './ports.ts'
import { documentInfo } from './routes/system.ts'

/** The document for people: one page, nothing loaded from anywhere. */
export function docsRoute(app: OpenAPIHono<ApiEnv>): void {
  app.get('/docs', c => {
    const document: ApiDocument = app.getOpenAPI31Document(documentInfo)
    return c.html(page(document), 200, {
      'Content-Security-Policy': "default-src 'none'; style-src 'unsafe-inline'",
      'Cache-Control': 'no-cache',
    })
  })
}

/** As much of an OpenAPI document as the page shows. */
interface ApiDocument {
  readonly info: { readonly title: string; readonly description?: string }
  readonly paths?: Readonly<Record<string, unknown>>
  readonly components?: { readonly schemas?: Readonly<Record<string, unknown>> }
}

interface Operation {
  readonly summary?: string
  readonly description?: string
  readonly tags?: readonly string[]
  readonly security?: readonly unknown[]
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: { readonly content?: Content }
  readonly responses?: Readonly<Record<string, { readonly description?: string; readonly content?: Content }>>
}

interface Parameter {
  readonly name: string
  readonly in: string
  readonly required?: boolean
  readonly description?: string
  readonly schema?: unknown
}

type Content = Readonly<Record<string, { readonly schema?: unknown }>>

const methods = ['get', 'post', 'put', 'patch', 'delete']

type Shown = ReturnType<typeof html>

function page({ info, paths = {}, components }: ApiDocument): Shown {
  const byTag = new Map<string, Shown[]>()
  for (const [path, item] of Object.entries(paths)) {
    for (const method of methods) {
      const operation = partOf<Operation>(item, method)
      if (operation === undefined) continue
      const [tag = 'Other'] = operation.tags ?? []
      byTag.set(tag, [...(byTag.get(tag) ?? []), operationOf(method, path, operation)])
    }
  }
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${info.title}</title>
<style>${raw(style)}</style>
</head>
<body>
<h1>${info.title}</h1>
<p>${info.description ?? ''} For programs: <a href="/openapi.json">openapi.json</a></p>
${[...byTag].map(([tag, operations]) => html`<h2>${tag}</h2>${operations}`)}
<h2>Shapes</h2>
${Object.entries(components?.schemas ?? {}).map(
  ([name, schema]) => html`<details id="${name}"><summary><code>${name}</code></summary>${json(schema)}</details>`,
)}
</body>
</html>`
}

function operationOf(method: string, path: string, operation: Operation): Shown {
  const { summary = '', description = '', parameters = [], requestBody, responses = {}, security } = operation
  return html`<details>
<summary><b>${method.toUpperCase()}</b> <code>${path}</code> ${summary}</summary>
${description === '' ? '' : html`<p>${description}</p>`}
<p>${security ? 'For people who are signed in.' : 'No sign-in.'}</p>
${parameters.length === 0 ? '' : html`<table>${parameters.map(parameterOf)}</table>`}
${Object.entries(requestBody?.content ?? {}).map(([type, { schema }]) => html`<p>Body (${type})</p>${json(schema)}`)}
<table>
${Object.entries(responses).map(
  ([status, { description = '', content }]) => html`<tr>
<th scope="row">${status}</th>
<td>${description}${
    /^2/.test(status)
      ? Object.entries(content ?? {}).map(([type, { schema }]) => html`<p>${type}</p>${json(schema)}`)
      : ''
  }</td>
</tr>`,
)}
</table>
</details>`
}

const parameterOf = ({ name, in: where, required, description = '', schema }: Parameter): Shown => html`<tr>
<th scope="row"><code>${name}</code></th>
<td>${where}${required ? ', required' : ''}</td>
<td>${description}${json(schema)}</td>
</tr>`

const json = (value: unknown): Shown => html`<pre>${JSON.stringify(value, null, 1)}</pre>`

function partOf<T>(value: unknown, key: string): T | undefined {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined
}

const style = `
:root { color-scheme: light dark }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
h2 { margin-top: 2rem }
details { border: 1px solid color-mix(in srgb, currentColor 25%, transparent); border-radius: .4rem; margin: .4rem 0; padding: .4rem .8rem }
summary { cursor: pointer }
summary b { display: inline-block; min-width: 4.5rem }
table { border-collapse: collapse; width: 100% }
th, td { text-align: start; vertical-align: top; padding: .3rem .6rem .3rem 0; border-top: 1px solid color-mix(in srgb, currentColor 15%, transparent) }
pre { overflow: auto; max-height: 20rem; font-size: .85rem; margin: .3rem 0 }
`
