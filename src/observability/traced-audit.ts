import { type Audit } from './audit.ts'
import { type Tracing } from './tracing.ts'

/** The same audit trail; the span within which something happens says what it was, and of the person nothing. */
export function createTracedAudit (audit: Audit, tracing: Tracing): Audit {
  if (!tracing.isOn) return audit
  return {
    record (event) {
      const { event: name, outcome, user } = event
      tracing.current()?.set({
        'doorward.provider': user?.provider,
        [`doorward.${name}.outcome`]: outcome,
        [`doorward.${name}.reason`]: 'reason' in event ? event.reason : undefined
      })
      audit.record(event)
    }
  }
}
