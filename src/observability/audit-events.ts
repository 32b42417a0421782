/**
 * Everything that the audit trail can tell, and what each word of it means: THE source. The types of the events, the JSON
 * Schema and the tables in docs/audit.md are derived from here.
 */

/** Goes up when a field or a word changes its meaning or goes away. New ones may come without that. */
export const auditVersion = 1

const loginFailures = {
  setup_error: 'The provider can’t be used: not reachable, its metadata unusable or by another issuer, or the request to it refused.',
  token_exchange_failed: 'The provider did not give tokens for the code, or gave something else than tokens.',
  no_userinfo: 'The userinfo endpoint did not answer, refused, or answered with something else than claims.',
  no_email_claim: 'The claims hold no email address, and `claims.requireEmail` asks for one.',
  required_group_missing: 'The person is in none of `groups.allow`, or not in all of `groups.require`.',
  state_invalid: 'The answer of the provider belongs to no sign-in that this browser began, or the browser goes in circles.',
  nonce_mismatch: 'The id_token was made for another sign-in.',
  id_token_invalid: 'The id_token is missing, badly signed, expired, for somebody else, or otherwise not acceptable.',
  userinfo_invalid: 'Userinfo is about somebody else, or by somebody else.',
  issuer_mismatch: 'Another issuer answered than the one that was asked.',
  idp_error: 'The provider ended the sign-in with an error, which `metadata.error` names.',
  session_too_large: 'What is to be kept of the person does not fit into cookies.',
  session_store_unavailable: 'Redis did not answer.',
  acr_not_met: 'The provider signed the person in, but not as strongly or as recently as the rule demands.',
  groups_overage_unresolved: 'The person’s groups are not in the tokens, and could not be had from a directory; `metadata.cause` says why.'
} as const

/** Why a bearer token or a logout token was not accepted. */
export const tokenRejections = [
  'too_large', 'malformed', 'encrypted', 'algorithm', 'critical', 'kind', 'issuer', 'audience', 'claims',
  'expired', 'not_yet_valid', 'sender_constrained', 'key_unknown', 'signature', 'inactive', 'replayed',
  'groups_overage_unresolved'
] as const

export const reloadTriggers = ['signal', 'file'] as const

/** Event → what it tells, and outcome → reason → what that means. An outcome without reasons says it all. */
export const auditEvents = {
  login: { tells: 'Somebody tried to sign in.', outcomes: { success: {}, failure: loginFailures } },
  logout: { tells: 'Somebody signed out.', outcomes: { success: { user: 'The person did, at Doorward.' } } },
  'session.refresh': {
    tells: 'The tokens of a session were to be renewed at the provider.',
    outcomes: {
      success: {},
      failure: { refresh_rejected: 'The provider says that the sign-in holds no more, or the person is no longer admitted; `metadata.cause` has the reason. The session ended.', ...loginFailures }
    }
  },
  'session.expired': {
    tells: 'A session was found to be over. Told when its browser comes back with it.',
    outcomes: { success: { idle_timeout: 'It was not used for `session.idleTimeout`.', max_lifetime: '`session.maxLifetime` has passed since the sign-in.' } }
  },
  'session.revoked': {
    tells: 'Somebody else than the person ended one or several sessions.',
    outcomes: {
      success: {
        backchannel: 'The provider did, by a logout token.',
        frontchannel: 'The provider did, by a frame in the person’s browser.',
        refresh_rejected: 'The provider did, by its answer to a refresh.',
        admin: 'An administrator did.'
      }
    }
  },
  'access.denied': {
    tells: 'Somebody was refused.',
    outcomes: {
      failure: {
        rule_denied: 'The rule in `metadata.rule` did not let the person pass.',
        required_group_missing: 'A bearer token was good, but its bearer is not in the groups that may sign in.',
        no_email_claim: 'A bearer token was good, but says no email address, and `claims.requireEmail` asks for one.',
        token_rejected: 'A bearer token was not accepted; `metadata.cause` says why.'
      }
    }
  },
  'config.reload': {
    tells: 'The configuration was read again, to be put in place of the one before.',
    outcomes: {
      success: {},
      failure: {
        config_invalid: 'It has the problems in `metadata.problems`. The one before goes on.',
        restart_needed: 'It changes settings that hold for as long as the process runs; `metadata.problems` names them. The one before goes on.',
        setup_error: 'It is valid, and a part of it could not be built; the log has the cause. The one before goes on.'
      }
    }
  },
  'admin.change': {
    tells: 'An administrator changed something by the admin API, or somebody tried to.',
    outcomes: { success: {}, failure: { token_rejected: 'The token of the admin API was missing or wrong.' } }
  }
} as const

/** Events that no request has caused: their lines have no `request`. */
export const eventsWithoutRequest = ['config.reload'] as const

/** What `metadata` may hold: JSON type, and what it says. */
export interface MetadataField {
  readonly type: 'string' | 'number' | 'integer' | 'boolean' | 'object' | 'any' | readonly string[] | 'string[]' | 'object[]'
  readonly says: string
}

const fromProvider = {
  error: { type: 'string', says: 'The provider’s word for what went wrong (`error` of OAuth 2.0).' },
  errorDescription: { type: 'string', says: 'The provider’s own description of it. Left out with `audit.pseudonymize`, as it may name people.' },
  claim: { type: 'string', says: 'The claim of a token that was wrong.' },
  found: { type: 'any', says: 'What it was.' },
  expected: { type: 'any', says: 'What it should have been.' },
  now: { type: 'number', says: 'Doorward’s clock then, in seconds since 1970, where a claim of time was wrong.' },
  tolerance: { type: 'number', says: 'How far the clocks may differ, in seconds.' },
  tokenType: { type: 'string', says: 'The `token_type` that came instead of `expected`.' }
} as const satisfies Record<string, MetadataField>

const revocation = {
  by: { type: ['id', 'sid', 'sub', 'user'], says: 'What the sessions were named by: their id here, the provider’s id of its session, the subject, or the user.' },
  value: { type: 'string', says: 'That id or name.' },
  provider: { type: 'string', says: 'The provider whose `sid` or `sub` it is.' }
} as const satisfies Record<string, MetadataField>

const missing = { type: 'object', says: 'What of the demands the person does not meet, such as `{"roles":["admin"]}`.' } as const

const roles = { type: 'string[]', says: 'The roles that the person has now.' } as const

export const auditMetadata: Readonly<Record<keyof typeof auditEvents, Readonly<Record<string, MetadataField>>>> = {
  login: {
    method: { type: ['oidc'], says: 'How the person signed in.' },
    roles,
    unusable: { type: 'object[]', says: 'Claims that were looked for, and were absent or of another kind: `what`, `expected`, `claim`, `value` (its kind); with an absent one in `similar` the names of claims that look like it.' },
    ...fromProvider,
    cause: { type: 'string', says: 'The likely cause of `state_invalid`: `http`, `cookies_blocked`, `session_refused`, `session_twice`, `unreadable`, `session_over` or `application`. Of `groups_overage_unresolved`: what kept the groups away, such as `groups_no_answer`.' },
    isRestarted: { type: 'boolean', says: 'Whether the sign-in was begun anew by itself, so that the person noticed nothing.' },
    isCircling: { type: 'boolean', says: 'The browser came back without a session again and again.' },
    missing,
    groups: { type: 'integer', says: 'How many groups there are, where they make the session too large.' },
    rule: { type: 'integer', says: 'The rule that demanded more of the sign-in: its position in `access.rules`, from 0.' },
    acr: { type: 'string', says: 'How the provider says that it authenticated the person.' },
    authTime: { type: 'number', says: 'When, in seconds since 1970.' },
    unmet: { type: 'object', says: 'What of the rule’s demands is not met.' }
  },
  logout: {},
  'session.refresh': {
    roles,
    unread: { type: 'string', says: 'The tokens are new, the claims are as they were: why they could not be had.' },
    cause: { type: 'string', says: 'Why the session ended: a reason of a failed `login`.' },
    ...fromProvider
  },
  'session.expired': {},
  'session.revoked': revocation,
  'access.denied': {
    rule: { type: 'any', says: 'The rule that refused: `index` in `access.rules` from 0, or `default`; `path`, and where the rule has them `methods`, `hosts`, `clientAddresses`. The text `pages.claimsFor` where it was the claims page.' },
    missing,
    cause: { type: tokenRejections, says: 'Why the token was not accepted.' }
  },
  'config.reload': {
    trigger: { type: reloadTriggers, says: 'SIGHUP, or a file that holds something else than before.' },
    settings: { type: 'string[]', says: 'The settings that differ from those before. Their values are not told.' },
    files: { type: 'string[]', says: 'The files that hold something else than before, of the configuration and those that it names.' },
    problems: { type: 'string[]', says: 'What is wrong, as `doorward check` prints it.' }
  },
  'admin.change': { action: { type: ['sessions.revoke'], says: 'What was done.' }, ...revocation }
}
