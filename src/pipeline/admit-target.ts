import { Problem } from '../errors.ts'
import { type CanonicalPath, canonicalPath, isUnderBasePath } from './canonical-path.ts'

/** Admits the request-target, or ends the request: what can be read in two ways is not passed on. @throws {Problem} */
export function admitTarget (target: string, basePath: string): CanonicalPath {
  const canonical = canonicalPath(target)
  if (!canonical.ok) throw new Problem(canonical.code)
  // Spelled so that only an upstream would see it as one of our own routes, such as /%6fidc/login.
  if (isUnderBasePath(canonical.readings, basePath)) throw new Problem('not_found')
  return canonical
}
