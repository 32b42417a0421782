import { type Identity } from '../mapping/index.ts'
import { createRanges } from '../request-origin/index.ts'
import { type Authentication, type StepUp, unmetStepUp } from '../step-up.ts'
import { type AccessRequest, type Decision, type Requirements, type RuleName, type RuleSettings } from './decision.ts'
import { compileGlob } from './path-glob.ts'
import { compileCapture } from './placeholders.ts'
import { caseFolded } from './policy-form.ts'
import { compileRequirements } from './requirements.ts'
import { wordsFor } from './requirement-words.ts'

/** A path in policy form, and the same folded for rules to which case does not matter. */
export interface Reading {
  readonly path: string
  readonly folded: string
}

export type Circumstances = Pick<AccessRequest, 'method' | 'host' | 'clientAddress'>

export interface Rule {
  readonly covers: (reading: Reading, circumstances: Circumstances) => boolean
  /** @param reading one that the rule covers */
  readonly judge: (reading: Reading, circumstances: Circumstances, identity: Identity | undefined, authentication?: Authentication) => Decision
  readonly bearer: boolean
}

/** @param index position in `access.rules`, or `default` */
export function compileRule (settings: RuleSettings, index: number | 'default'): Rule {
  const coversPath = settings.allow === 'anonymous' ? exactPath(settings.path) : lenientPath(settings.path)
  const coversMethod = compileMethods(settings.methods)
  const coversHost = compileHosts(settings.hosts)
  const coversAddress = compileAddresses(settings.clientAddresses)
  return {
    covers: (reading, { method, host, clientAddress }) => coversMethod(method) && coversHost(host) && coversAddress(clientAddress) && coversPath(reading),
    judge: compileJudgement(settings, nameOf(settings, index)),
    bearer: settings.bearer
  }
}

function nameOf ({ path, methods, hosts, clientAddresses }: RuleSettings, index: number | 'default'): RuleName {
  return Object.freeze({ index, path, ...methods && { methods }, ...hosts && { hosts }, ...clientAddresses && { clientAddresses } })
}

/** HEAD is GET without the content (RFC 9110 section 9.3.2): whoever may not get something may not ask for its head. */
function compileMethods (methods: readonly string[] | undefined): (method: string) => boolean {
  if (methods === undefined) return () => true
  const covered = new Set(methods)
  if (covered.has('GET')) covered.add('HEAD')
  return (method) => covered.has(method)
}

function compileHosts (hosts: readonly string[] | undefined): (host: string) => boolean {
  return hosts === undefined ? () => true : (host) => hosts.includes(host)
}

/** An address that is not known may be any of them: the rule covers it, and refuses. */
function compileAddresses (ranges: readonly string[] | undefined): (address: string) => boolean {
  if (ranges === undefined) return () => true
  const isWithin = createRanges(ranges)
  return (address) => address === '' || isWithin(address)
}

/** What opens a path to everybody opens that path and no other spelling of it. */
function exactPath (path: string): (reading: Reading) => boolean {
  const matches = compileGlob(path)
  return (reading) => matches(reading.path)
}

/**
 * What protects a path protects all that an upstream may take for it: another case, a slash more or less at its end. And
 * what it covers to the letter in any case: folding puts accents in order, and one more may come to stand before another.
 */
function lenientPath (path: string): (reading: Reading) => boolean {
  const matches = compileGlob(path, caseFolded)
  const isSpelled = exactPath(path)
  if (path.endsWith('/**')) return (reading) => matches(reading.folded) || isSpelled(reading)
  return (reading) => matches(reading.folded) || matches(withOrWithoutSlash(reading.folded)) || isSpelled(reading)
}

function withOrWithoutSlash (path: string): string {
  return path.endsWith('/') ? path.slice(0, -1) : `${path}/`
}

function compileJudgement (settings: RuleSettings, rule: RuleName): Rule['judge'] {
  const judge = compileVerdict(settings, rule)
  if (settings.clientAddresses === undefined) return judge
  const unlocated: Decision = { outcome: 'deny', rule, missing: 'needs a client address that is known', unmet: {} }
  return (reading, circumstances, ...who) => circumstances.clientAddress === '' ? unlocated : judge(reading, circumstances, ...who)
}

function compileVerdict ({ path, allow, deny, require, unauthenticated, maxBody }: RuleSettings, rule: RuleName): Rule['judge'] {
  if (deny === true) {
    const denied: Decision = { outcome: 'deny', rule, missing: 'is open to nobody', unmet: {} }
    return () => denied
  }
  const allowed: Decision = { outcome: 'allow', anonymous: allow === 'anonymous', rule, ...maxBody !== undefined && { maxBodyBytes: maxBody } }
  if (allow === 'anonymous') return () => allowed

  const stepUp = stepUpIn(require)
  const challenged: Decision = { outcome: 'sign_in', unauthenticated, rule, ...stepUp !== undefined && { stepUp } }
  const unmetBy = compileRequirements(require ?? {})
  const capturedIn = compileCapture(path)
  return (reading, _, identity, authentication) => {
    if (identity === undefined) return challenged
    const unmet = unmetBy({ identity, captured: capturedIn(reading.path) })
    if (unmet !== undefined) return { outcome: 'deny', rule, missing: wordsFor(unmet), unmet }
    // Last: nobody shall sign in again only to be refused.
    if (stepUp === undefined || unmetStepUp(stepUp, authentication) === undefined) return allowed
    return { outcome: 'step_up', unauthenticated, rule, stepUp }
  }
}

/** What the requirements demand of the sign-in itself; `undefined` where that is nothing. */
export function stepUpIn (require: Requirements | undefined): StepUp | undefined {
  const { acr, maxAge } = require ?? {}
  if (acr === undefined && maxAge === undefined) return undefined
  return Object.freeze({ ...acr !== undefined && { acr }, ...maxAge !== undefined && { maxAge } })
}
