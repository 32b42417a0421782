import { ProviderAnswerError } from './advice.ts'
import { type GroupAdviceCode } from './group-advice.ts'
import { LoginProblem } from './login-problem.ts'

/** Nothing is wrong but the moment. */
const passing: readonly GroupAdviceCode[] = ['groups_no_answer', 'groups_throttled']

/** It is about this person, and so with every attempt until somebody changes something. */
const personal: readonly GroupAdviceCode[] = ['groups_elsewhere', 'groups_person_unknown', 'groups_too_many', 'graph_no_oid']

export interface UnresolvedOptions {
  readonly cause?: unknown
  /** When it may be worth another attempt. Default: 5. */
  readonly retryAfterSeconds?: number
}

/**
 * Somebody's groups can't be found out. That is never the same as "no groups": rules that deny would not deny, and who
 * has lost a role could not be told from who never had one.
 *
 * @param happened in words for the log; never on a page
 */
export function groupsUnresolved (code: GroupAdviceCode, happened: string, { cause, retryAfterSeconds = 5 }: UnresolvedOptions = {}): LoginProblem {
  return new LoginProblem('groups_overage_unresolved', {
    cause: new ProviderAnswerError(code, happened, cause),
    metadata: { cause: code },
    members: { likely_cause: code },
    ...passing.includes(code) && { code: 'sign_in_unavailable', headers: { 'retry-after': String(retryAfterSeconds) } }
  })
}

/** Whether it is the person, and not the directory or Doorward's own access to it, that the problem is about. */
export function isAboutPerson ({ reason, metadata }: LoginProblem): boolean {
  return reason === 'groups_overage_unresolved' && personal.some((code) => code === metadata['cause'])
}
