import { Problem } from '../errors.ts'
import { returnToPath } from './return-to.ts'

/** The page to go on to afterwards, if one is asked for. @throws {Problem} `return_to_invalid` for a page of another site */
export function wantedPage (parameters: URLSearchParams, publicOrigin: string): string | undefined {
  const text = parameters.get('return_to')
  if (text === null) return undefined
  const path = returnToPath(text, publicOrigin)
  if (path === undefined) throw new Problem('return_to_invalid')
  return path
}
