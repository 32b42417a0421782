/**
 * The addresses of Doorward's own routes, for everybody who points there. Owns their spelling alone: each flow mounts
 * its own route.
 */

/** What a sign-in is for, beside the page that it ends at. */
export interface LoginErrand {
  /** Position of the rule whose demands on a sign-in are to be met. */
  readonly rule?: number | undefined
  /** Name of the form that is sent when somebody has signed in. */
  readonly form?: string | undefined
}

/** Of a form's name, in an address: enough to recognise it by, not enough to take it. */
const formNameLength = 8

/** Where a sign-in starts that ends at this page; the target with its query, or the start page. */
export function loginUrl (basePath: string, returnTo?: string, { rule, form }: LoginErrand = {}): string {
  if (returnTo === undefined) return `${basePath}/login`
  const parameters = { return_to: returnTo, ...rule !== undefined && { rule: String(rule) }, ...form !== undefined && { form: form.slice(0, formNameLength) } }
  return `${basePath}/login?${new URLSearchParams(parameters).toString()}`
}

/** The same, for somebody else than who is signed in. */
export function switchAccountUrl (basePath: string, returnTo: string, errand?: LoginErrand): string {
  return `${loginUrl(basePath, returnTo, errand)}&switch_account=true`
}

/** Where a provider sends people back to: of several, each has an address of its own. */
export function callbackUrl (basePath: string, provider?: string): string {
  return providerUrl(`${basePath}/callback`, provider)
}

/** Where a provider says that sessions there have ended, itself or by a page of its own. */
export function backchannelLogoutUrl (basePath: string, provider?: string): string {
  return providerUrl(`${basePath}/backchannel-logout`, provider)
}

export function frontchannelLogoutUrl (basePath: string, provider?: string): string {
  return providerUrl(`${basePath}/frontchannel-logout`, provider)
}

function providerUrl (url: string, provider: string | undefined): string {
  return provider === undefined ? url : `${url}/${provider}`
}

/** Where a session ends that is to go on to this page; the target with its query, or wherever a sign-out ends. */
export function logoutUrl (basePath: string, returnTo?: string): string {
  return returnTo === undefined ? `${basePath}/logout` : `${basePath}/logout?${new URLSearchParams({ return_to: returnTo }).toString()}`
}

/** Where people see what the provider says of them; as JSON, for a program or to be kept. */
export function claimsUrl (basePath: string, format: 'html' | 'json' = 'html'): string {
  return format === 'html' ? `${basePath}/claims` : `${basePath}/claims?format=json`
}

/** Where proxies ask whether a request may pass. */
export function checkUrl (basePath: string): string {
  return `${basePath}/check`
}

/**
 * What the router gets to see of a request-target. The application's is judged by the pipeline on its own bytes, and so
 * is one that follows the address of the check.
 */
export function routedTarget (target: string, basePath: string): string {
  if (!isOwnTarget(target, basePath)) return '/'
  const check = checkUrl(basePath)
  return target.startsWith(`${check}/`) ? check : target
}

/** Whether a request-target is at or below the base path, by its very bytes. */
export function isOwnTarget (target: string, basePath: string): boolean {
  if (!target.startsWith(basePath)) return false
  const next = target.charAt(basePath.length)
  return next === '' || next === '/' || next === '?'
}
