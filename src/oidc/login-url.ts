/** Where a sign-in starts that ends at this page. */
export function loginUrl (basePath: string, returnTo: string): string {
  return `${basePath}/login?${new URLSearchParams({ return_to: returnTo }).toString()}`
}

/** The same, for somebody else than who is signed in. */
export function switchAccountUrl (basePath: string, returnTo: string): string {
  return `${loginUrl(basePath, returnTo)}&switch_account=true`
}
