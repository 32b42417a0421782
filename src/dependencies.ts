/** What Doorward depends on, as `/readyz` names it, and how much. A part of the composition root. */
import { type Dependency } from './admin/index.ts'
import { type Configuration, providersOf, upstreamsOf } from './config/index.ts'

/** The Redis of `session.redis`. */
export const sessionStore = 'session-store'

export function providerDependency (id: string): string {
  return `provider:${id}`
}

/** @param path of the upstream */
export function upstreamDependency (path: string): string {
  return `upstream:${path}`
}

export function dependenciesOf (configuration: Configuration): Dependency[] {
  const { admin: { readiness }, session } = configuration
  const applications = upstreamsOf(configuration).filter(({ url }) => url !== undefined)
  const dependencies: Dependency[] = [
    { names: providersOf(configuration).map(({ id }) => providerDependency(id)), need: readiness.provider },
    { names: session.redis.url === undefined ? [] : [sessionStore], need: readiness.sessionStore },
    { names: applications.map(({ path }) => upstreamDependency(path)), need: readiness.upstream }
  ]
  return dependencies.filter(({ names }) => names.length > 0)
}
