import { type Advice, adviceOf, explainedError, providerSays } from './advice.ts'
import { LoginProblem } from './login-problem.ts'
import { outageReason } from './outage-reason.ts'

/** What went wrong between Doorward and a provider, for those who run Doorward. Without secrets, and bounded. */
export interface Trouble extends Partial<Advice> {
  /** The provider's error (RFC 6749 section 5.2), or a word of ours; docs/troubleshooting.md has them. */
  readonly code?: string
  readonly happened: string
  /** Absent where nothing more is known than what happened. */
  readonly advice?: string
}

/** The same in words, whatever was thrown. */
export function troubleOf (error: unknown): Trouble {
  if (!(error instanceof LoginProblem)) return adviceOf(error) ?? { happened: outageReason(error) }
  const { cause, metadata: { error: told, errorDescription } } = error
  return typeof told === 'string' ? refusalOf(told, errorDescription) : adviceOf(cause) ?? { happened: outageReason(cause) }
}

/** What the provider refuses, by its error and its description. */
export function refusalOf (error: string, description: unknown): Trouble {
  return adviceOf(explainedError(error, description, new Error('refused'))) ?? { code: error, happened: providerSays(error, description) }
}
