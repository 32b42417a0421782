import { type FastifyRequest } from 'fastify'
import { type FoundSession } from '../sessions/index.ts'
import { type Errand } from './logins.ts'
import { type SignInParts } from './parts.ts'

/** What is said here may have been changed on the way: the rules decide again at the page, and a form is that of this browser. */
export function errandOf (parameters: URLSearchParams, { cookies }: FoundSession, { formCookie, keepsFragment }: SignInParts): Errand {
  const rule = parameters.get('rule') ?? ''
  const form = formCookie.waiting(cookies, parameters.get('form') ?? '')
  const fragment = parameters.get('fragment') ?? ''
  return {
    ...form !== undefined && { form },
    .../^\d{1,4}$/.test(rule) && { rule: Number(rule) },
    ...keepsFragment && /^[0-9a-f-]{36}$/.test(fragment) && { fragment }
  }
}

/** Whether the browser may hold a fragment that it has not been asked for. What is posted goes on as it is: its fields are not for an address. */
export function mayBringFragment ({ method }: FastifyRequest, parameters: URLSearchParams, { keepsFragment }: SignInParts): boolean {
  return keepsFragment && method === 'GET' && !parameters.has('fragment')
}

/** The same sign-in, for a browser that has no fragment to keep, or can't. */
export function withoutFragment (parameters: URLSearchParams, basePath: string): string {
  return `${basePath}/login?${new URLSearchParams([...parameters, ['fragment', 'none']]).toString()}`
}
