/** `skipped`: nothing was looked at, since something else has to be put right first or there is nothing to look at. */
export type Outcome = 'ok' | 'warning' | 'failed' | 'skipped'

export interface Finding {
  readonly outcome: Outcome
  /** What was seen. Other people's words may be in it, no secret. */
  readonly found: string
  /** What to do about it; absent where `found` says it. */
  readonly fix?: string
}

/** What a check has found, and what the next ones build on; without a value there is nothing to build on. */
export interface Seen<Value> {
  readonly finding: Finding
  readonly value?: Value
}

/** Something that is looked at; it has begun when there is such an object. Never rejects. */
export interface Check<Value = unknown> {
  /** Part of what `--json` prints: fixed. */
  readonly name: string
  readonly seen: Promise<Seen<Value>>
}

/** What belongs together in the report. */
export interface Section {
  /** Such as `provider:default`; part of what `--json` prints. */
  readonly subject: string
  readonly title: string
  readonly checks: readonly Check[]
}

export const found = {
  ok: (what: string): Finding => ({ outcome: 'ok', found: what }),
  skipped: (what: string): Finding => ({ outcome: 'skipped', found: what }),
  warning: (what: string, fix?: string): Finding => ({ outcome: 'warning', found: what, ...fix !== undefined && { fix } }),
  failed: (what: string, fix: string): Finding => ({ outcome: 'failed', found: what, fix })
}

/** Longer than anything that is asked may take by a limit of its own. */
const patienceMilliseconds = 30_000

/** Looks at something. What is thrown is a failure: one thing that goes wrong must not hide what the others find. */
export function check<Value = never> (name: string, look: () => Promise<Seen<Value>>): Check<Value> {
  return { name, seen: withinTime(look()).catch((error: unknown) => ({ finding: found.failed(`can’t be looked at: ${nameOf(error)}`, 'This should not happen: please report it') })) }
}

/** Looks at something once another check has gone well, and not at all where it has not. */
export function checkAfter<Need, Value = never> (need: Check<Need>, name: string, look: (value: Need) => Promise<Seen<Value>>): Check<Value> {
  return {
    name,
    seen: need.seen.then(async ({ value }) => value === undefined
      ? { finding: found.skipped(`needs ${need.name} first`) }
      : await check(name, () => look(value)).seen)
  }
}

async function withinTime<Value> (looking: Promise<Seen<Value>>): Promise<Seen<Value>> {
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<Seen<Value>>((resolve) => {
    timer = setTimeout(resolve, patienceMilliseconds, { finding: found.failed(`nothing within ${patienceMilliseconds / 1000} s`, 'Try again; if it stays so, something on the way swallows what is sent') })
  })
  try {
    return await Promise.race([looking, timeout])
  } finally {
    clearTimeout(timer)
  }
}

/** Of what nobody has thought of: its message could hold anything. */
function nameOf (error: unknown): string {
  const { name, code } = error as { name?: unknown, code?: unknown }
  return String(code ?? name)
}
