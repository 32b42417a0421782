/** What libraries hang on their errors, read without trusting the shape. */
export function errorCode (error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code
  return typeof code === 'string' ? code : undefined
}

export function errorCause (error: unknown): Readonly<Record<string, unknown>> | undefined {
  const cause = (error as { cause?: unknown } | null)?.cause
  return typeof cause === 'object' && cause !== null ? cause as Record<string, unknown> : undefined
}

/** Status of the answer that an error is about; 0 for one that is about no answer. */
export function errorStatus (error: unknown): number {
  const { cause } = error as { cause?: unknown }
  return cause instanceof Response ? cause.status : 0
}
