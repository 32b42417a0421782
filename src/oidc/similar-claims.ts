import { type Claims, pointerToken } from '../mapping/index.ts'

/** Names, or JSON pointers, of claims that may hold groups or roles: text, or lists of it, under a telling name. */
export function similarClaims (claims: Claims): string[] {
  return Object.entries(claims).flatMap(([name, value]) => {
    const pointer = `/${pointerToken(name)}`
    // It says where other claims are to be had (OpenID Connect Core section 5.6.2).
    if (name === '_claim_names') return []
    if (isRecord(value)) return below(value, pointer, depthToLook)
    return looksLikeGroups(name, value) ? [name.startsWith('/') ? pointer : name] : []
  })
}

/** Keycloak’s `/resource_access/CLIENT/roles` is the deepest that is known. */
const depthToLook = 2

function below (claims: Claims, path: string, depth: number): string[] {
  return Object.entries(claims).flatMap(([name, value]) => {
    const pointer = `${path}/${pointerToken(name)}`
    if (isRecord(value)) return depth === 0 ? [] : below(value, pointer, depth - 1)
    return looksLikeGroups(name, value) ? [pointer] : []
  })
}

/** Whether a claim of this name may hold groups or roles. */
export function soundsLikeGroups (name: string): boolean {
  return /group|role|member|team|entitlement|permission/i.test(name)
}

function looksLikeGroups (name: string, value: unknown): boolean {
  return soundsLikeGroups(name) && [value].flat().some((entry) => typeof entry === 'string' && entry !== '')
}

function isRecord (value: unknown): value is Claims {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
