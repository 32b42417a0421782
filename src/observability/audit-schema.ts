import { auditEvents, auditMetadata, auditVersion, eventsWithoutRequest, type MetadataField } from './audit-events.ts'

type Json = Readonly<Record<string, unknown>>

const text = (description: string): Json => ({ type: 'string', description })

const user = {
  description: 'The person, as far as known.',
  ...closed({
    sub: text('The subject at the provider.'),
    user: text('The name under which the application knows the person.'),
    email: text('The email address.'),
    provider: text('The id of the provider in the configuration.')
  }, [])
}

const request = {
  description: 'The request that caused the event. Absent of `config.reload`, which none has caused.',
  ...closed({
    id: text('The reference: also on the page that the person saw, in the log, and in `X-Request-Id`.'),
    ip: text('The client’s address.'),
    method: text('The method.'),
    path: text('The path, without the query.'),
    userAgent: text('The `User-Agent`, where there was one.')
  }, ['id', 'ip', 'method', 'path'])
}

/** What every event may have, in the order in which it is written. */
const common = {
  version: { const: auditVersion, description: 'Version of this schema. It goes up when a field or a word changes its meaning or goes away; new ones may come without that.' },
  time: { type: 'string', format: 'date-time', description: 'When: RFC 3339, in UTC, with milliseconds.' },
  event: { enum: Object.keys(auditEvents), description: 'What happened.' },
  outcome: { enum: ['success', 'failure'], description: 'How it ended.' },
  reason: { type: 'string', description: 'Why, in one word of a closed list. Absent where the outcome says it all.' },
  user: { $ref: '#/$defs/user' },
  session: text('The session at Doorward, as `sid` of the assertion and `doorward sessions revoke --session` have it.'),
  request: { $ref: '#/$defs/request' },
  metadata: { type: 'object', description: 'What else is known; its fields depend on the event.' }
}

/** Every top-level field and what it says, for the documentation. */
export const auditFields: ReadonlyArray<readonly [name: string, says: string]> = [
  ...Object.entries<Json>(common).flatMap(([name, { description }]): Array<readonly [string, string]> => typeof description === 'string' ? [[name, description]] : fieldsOf(name, name === 'user' ? user : request))
]

function fieldsOf (name: string, { description, properties }: { readonly description: string, readonly properties: Readonly<Record<string, Json>> }): Array<readonly [string, string]> {
  return [[name, description], ...Object.entries(properties).map(([key, field]) => [`${name}.${key}`, String(field['description'])] as const)]
}

/** JSON Schema (2020-12) of a line of the audit trail. */
export const auditSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'Doorward audit event',
  description: 'One line of the audit trail.',
  anyOf: Object.keys(auditEvents).flatMap((event) => linesOf(event as keyof typeof auditEvents)),
  $defs: { user, request }
}

/** One schema for each outcome of an event. */
function linesOf (event: keyof typeof auditEvents): Json[] {
  return Object.entries(auditEvents[event].outcomes).map(([outcome, reasons]) => {
    const words = Object.keys(reasons)
    const { reason, request, ...others } = common
    const isAsked = !eventsWithoutRequest.some((name) => name === event)
    const properties = { ...others, event: { const: event }, outcome: { const: outcome }, ...words.length > 0 && { reason: { ...reason, enum: words } }, ...isAsked && { request }, metadata: metadataOf(event) }
    return closed(properties, ['version', 'time', 'event', 'outcome', ...words.length > 0 ? ['reason'] : [], ...isAsked ? ['request'] : []])
  })
}

function metadataOf (event: keyof typeof auditEvents): Json {
  return closed(Object.fromEntries(Object.entries(auditMetadata[event]).map(([name, field]) => [name, fieldSchema(field)])), [])
}

function fieldSchema ({ type, says: description }: MetadataField): Json {
  if (typeof type !== 'string') return { enum: type, description }
  if (type === 'any') return { description }
  return type.endsWith('[]') ? { type: 'array', items: { type: type.slice(0, -2) }, description } : { type, description }
}

function closed<Properties extends Readonly<Record<string, Json>>> (properties: Properties, required: readonly string[]) {
  return { type: 'object', properties, required, additionalProperties: false }
}
