import { type MappingResult } from '../mapping/index.ts'
import { type ClaimsHint, type ClaimsReport } from '../pages/index.ts'
import { isElsewhere } from './claim-elsewhere.ts'
import { similarClaims } from './similar-claims.ts'

/** Many servers take 8 KiB of headers, and the browser's own are among them. */
const largeHeaderBytes = 6 * 1024
/** Of four cookies with 4,000 bytes each. */
const largeCookieBytes = 12_000
const mostNames = 10

/** What usually explains why a role is missing, and what will go wrong before long. */
export function claimsHints ({ trace }: MappingResult, { claims, fetched, scopes, sizes }: Pick<ClaimsReport, 'claims' | 'fetched' | 'scopes' | 'sizes'>): ClaimsHint[] {
  const absent = trace.filter((entry) => entry.what === 'absent')
  const ignored = trace.filter((entry) => entry.what === 'ignored')
  const isLeftOut = isElsewhere('groups', claims.merged)
  const missing = scopes.asked.filter((scope) => !scopes.granted.includes(scope))
  const large = sizes.headers.filter(({ bytes }) => bytes > largeHeaderBytes)
  return [
    ...isLeftOut ? [overage(fetched)] : [],
    ...absent.filter(({ expected }) => !(isLeftOut && expected === 'groups')).map(({ expected, claim }) => claimAbsent(expected, claim, similarClaims(claims.merged))),
    ...ignored.slice(0, 1).map(({ claim }) => hint('values_ignored', `The claim ${claim} holds ${ignored.length} ${ignored.length === 1 ? 'value that is' : 'values that are'} not text. They were left out.`, [claim])),
    ...missing.length === 0 ? [] : [hint('scope_not_granted', 'The provider did not grant every scope that it was asked for, so claims may be missing. Allow them for this client there, or take them out of provider.scopes.', missing)],
    ...large.length === 0 ? [] : [hint('headers_large', 'What these applications are told about this person is large: many servers refuse more than 8 KiB of headers. groups.filter keeps the groups that matter.', large.map(({ path }) => path))],
    ...sizes.cookie.bytes > largeCookieBytes ? [hint('cookie_large', 'This session hardly fits into cookies. groups.filter makes it smaller; session.store keeps sessions elsewhere.', [])] : []
  ]
}

function hint (code: ClaimsHint['code'], text: string, names: readonly string[]): ClaimsHint {
  return { code, text, names: names.slice(0, mostNames) }
}

function overage (fetched: readonly string[]): ClaimsHint {
  const outcome = fetched.length === 0 ? 'Nobody was asked for them.' : 'They were asked for as provider.groupSource says.'
  return hint('groups_overage', `The provider left the groups out of the token, which has no room for so many (hasgroups, _claim_names). ${outcome}`, fetched)
}

function claimAbsent (expected: 'groups' | 'roles', claim: string, names: readonly string[]): ClaimsHint {
  const others = names.length === 0
    ? `No other claim looks like ${expected}: many providers send them only after being told to.`
    : `These look like ${expected}; claims.${expected} says which it is.`
  return hint(`${expected}_claim_absent`, `The provider sent no claim ${claim}, where claims.${expected} looks. ${others}`, names)
}
