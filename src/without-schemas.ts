/**
 * Options of every Fastify here. No route has a schema, and Fastify would load the compilers of schemas all the same:
 * more than a hundred files at every start.
 */
export const withoutSchemas = { schemaController: { compilersFactory: { buildValidator: refuse, buildSerializer: refuse } } } as const

function refuse (): never {
  throw new Error('a route has a schema, and nothing that could compile it')
}
