import { type Logger } from '../observability/index.ts'

export interface OutageLog {
  /** The provider was asked for its metadata in vain. @param reason in words */
  failed (reason: string, error: unknown): void
  ended (): void
}

const remindMilliseconds = 10 * 60 * 1000

/**
 * Warns when a provider can't be used, when that has another reason than before, and every ten minutes while it lasts.
 * Every attempt in between, of which there are two a minute and more, is told at `debug`.
 */
export function createOutageLog (provider: { readonly id: string, readonly issuer: string }, { logger, now }: { readonly logger: Logger, readonly now: () => number }): OutageLog {
  let outage: { readonly since: string, reason?: string, warnedAt: number } | undefined
  return {
    failed (reason, err) {
      outage ??= { since: new Date(now()).toISOString(), warnedAt: -Infinity }
      const isNews = reason !== outage.reason || now() - outage.warnedAt >= remindMilliseconds
      logger[isNews ? 'warn' : 'debug']({ event: 'provider.unavailable', provider: provider.id, issuer: provider.issuer, reason, since: outage.since, err }, 'provider can’t be used')
      if (isNews) outage = { ...outage, reason, warnedAt: now() }
    },
    ended () { outage = undefined }
  }
}
