import { policyFormOfRule } from '../access/index.ts'
import { Problem } from '../errors.ts'
import { type Forwarder } from '../proxy/index.ts'
import { type CanonicalPath } from './canonical-path.ts'
import { type IdentityProfile } from './identity-profile.ts'

/** Where requests below a path go, and what the application there is told. */
export interface UpstreamRoute {
  /** `/`, or a path without a slash at its end: covers itself and everything below it. */
  readonly path: string
  /** The path is removed before forwarding. */
  readonly stripPath: boolean
  /** What the application receives as Host; absent: the host that was asked for. */
  readonly host: string | undefined
  /** `aud` of the assertion. */
  readonly audience: string
  readonly profile: IdentityProfile
  readonly forward: Forwarder
}

export interface ChosenUpstream {
  readonly route: UpstreamRoute
  /** The target as the application receives it. */
  readonly target: string
}

/**
 * Takes the route with the longest path that covers a request, judged by the value that rules decide on: one look for
 * each segment of the path, however many routes there are. @throws {Problem}
 */
export function createUpstreamChoice (routes: readonly UpstreamRoute[]): (target: CanonicalPath) => ChosenUpstream {
  const byPath = new Map(routes.map((route) => [policyFormOfRule(route.path), route]))
  const root = byPath.get('/')
  const isRootAlone = routes.length === 1 && root !== undefined

  function routeFor (path: string): UpstreamRoute | undefined {
    if (isRootAlone) return root
    for (let end = path.length; end > 0; end = path.lastIndexOf('/', end - 1)) {
      const route = byPath.get(path.slice(0, end))
      if (route !== undefined) return route
    }
    return root
  }

  return ({ readings, target }) => {
    const route = routeFor(readings[0] ?? '')
    if (route === undefined) throw new Problem('not_found')
    return { route, target: route.stripPath && route.path !== '/' ? withoutPath(target, route.path) : target }
  }
}

/**
 * As many segments are removed as the path has, since the client may have spelt them in another way; escaped slashes
 * are not admitted, so segments are the same in every spelling. What is left begins with one slash: with two it would
 * be an address of its own to some (RFC 3986 section 4.2), and is refused.
 */
function withoutPath (target: string, path: string): string {
  let start = 0
  for (let segments = path.split('/').length - 1; segments > 0; segments--) start = endOfSegment(target, start + 1)
  const rest = target.slice(start)
  if (rest.startsWith('//')) throw new Problem('target_invalid')
  return rest.startsWith('/') ? rest : `/${rest}`
}

function endOfSegment (target: string, from: number): number {
  for (let index = from; index < target.length; index++) {
    const character = target[index]
    if (character === '/' || character === '?') return index
  }
  return target.length
}
