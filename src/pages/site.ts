import { loginUrl } from '../own-routes.ts'

/** What the pages know of the configuration. */
export interface Site {
  /** `server.basePath`. */
  readonly basePath: string
  /** `server.publicUrl`. */
  readonly publicUrl: string
  /** `provider.label`: what the button that starts a sign-in says. */
  readonly providerLabel: string
  /** Of several providers, what each is called, by its id: where there is one, nobody asks which. */
  readonly providerNames: ReadonlyMap<string, string>
  /** `pages.detail`: whether a refusal says why, and to whom. */
  readonly detail: 'full' | 'minimal'
}

/** Where the links of a page lead: paths of this origin or of the public URL, each with its query. Anything else gets no button. */
export interface Links {
  /** Starts a sign-in and returns to the page that was wanted. Default: a sign-in that ends at the start. */
  readonly loginUrl?: string | undefined
  /** The same request again. Left out where repeating it might do something twice: it is followed with GET. */
  readonly retryUrl?: string | undefined
  /** Ends this session, if there is one, and starts a sign-in with the choice of another account. */
  readonly switchAccountUrl?: string | undefined
}

/** Where a sign-in starts: with the page to return to, if the occasion knows one. */
export function loginUrlOf (links: Links, { basePath }: Site): string {
  return links.loginUrl ?? loginUrl(basePath)
}
