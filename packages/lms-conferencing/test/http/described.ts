import { z } from 'zod'
import type { FetchHandler } from '../../src/http/index.ts'

/** As much of a schema of the document as answers are held against. */
export interface DescribedSchema {
  readonly $ref?: string
  readonly allOf?: readonly DescribedSchema[]
  readonly properties?: Readonly<Record<string, DescribedSchema & { readonly deprecated?: boolean }>>
  readonly items?: DescribedSchema
}

export interface Described {
  /** The document's components, by name. */
  readonly schemas: Readonly<Record<string, DescribedSchema>>
  /** What is wrong with an answer by the document: what does not fit, and what it does not speak of. */
  faults(operationId: string, status: number, answer: unknown): readonly string[]
}

interface ApiDocument {
  readonly paths: Readonly<
    Record<string, Readonly<Record<string, { readonly operationId: string; readonly responses: Responses }>>>
  >
  readonly components: { readonly schemas: Readonly<Record<string, DescribedSchema>> }
}

type Responses = Readonly<
  Record<string, { readonly content?: { readonly 'application/json'?: { readonly schema: DescribedSchema } } }>
>

/** Holds answers against the document that the same API gives of itself. */
export async function describedBy(api: FetchHandler): Promise<Described> {
  const text = await (await api(new Request('https://lms.example/openapi.json'))).text()
  const { paths, components }: ApiDocument = JSON.parse(text.replaceAll('#/components/schemas/', '#/$defs/'))
  const { schemas } = components
  const operations = Object.values(paths).flatMap(methods => Object.values(methods))

  const resolved = (schema: DescribedSchema): DescribedSchema =>
    schema.$ref === undefined ? schema : (schemas[schema.$ref.replace('#/$defs/', '')] ?? {})
  const parts = (schema: DescribedSchema): readonly DescribedSchema[] => {
    const found = resolved(schema)
    return [found, ...(found.allOf ?? []).flatMap(parts)]
  }
  function unspoken(schema: DescribedSchema, value: unknown, path: string): readonly string[] {
    const all = parts(schema)
    if (Array.isArray(value)) {
      const items = all.find(one => one.items)?.items
      return items ? value.flatMap((one, index) => unspoken(items, one, `${path}[${index}]`)) : []
    }
    if (typeof value !== 'object' || value === null) return []
    const properties = Object.assign({}, ...all.map(one => one.properties))
    return Object.entries(value).flatMap(([name, inner]) =>
      name in properties ? unspoken(properties[name], inner, `${path}.${name}`) : [`${path}.${name} is not described`],
    )
  }

  return {
    schemas,
    faults(operationId, status, answer) {
      const operation = operations.find(one => one.operationId === operationId)
      const schema = operation?.responses[status]?.content?.['application/json']?.schema
      if (schema === undefined) return [`${operationId} has no answer ${status}`]
      const { error } = z.fromJSONSchema(JSON.parse(JSON.stringify({ ...schema, $defs: schemas }))).safeParse(answer)
      const misfits = error?.issues.map(issue => `$.${issue.path.join('.')}: ${issue.message}`) ?? []
      return [...misfits, ...unspoken(schema, answer, '$')]
    },
  }
}
