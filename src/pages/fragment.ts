import { html, type Html } from './html.ts'

/**
 * The two scripts that carry a `#fragment` over a sign-in: servers never see one, and providers have no business with it.
 * They are the only scripts of all pages; a policy names the hash of each, so the text never varies. What differs stands
 * in the attributes of the page's link.
 */

/** What is kept goes by a name made for this one sign-in, so that no other page gets it. */
export const keepFragment: Html = html`
const link = document.querySelector('a[data-page]')
const onward = new URL(link.href)
try {
  if (location.hash.length > 1) {
    const name = crypto.randomUUID()
    sessionStorage.setItem('doorward ' + name, link.dataset.page + location.hash)
    onward.searchParams.set('fragment', name)
  }
} catch {}
location.replace(onward.href)
`

/** Whatever else may be found there: only the page that the sign-in was for is gone to. */
export const putFragmentBack: Html = html`
const link = document.querySelector('a[data-fragment]')
const page = link.getAttribute('href')
const name = 'doorward ' + link.dataset.fragment
let kept = null
try {
  kept = sessionStorage.getItem(name)
  sessionStorage.removeItem(name)
} catch {}
location.replace(kept !== null && kept.startsWith(page + '#') ? kept : page)
`
