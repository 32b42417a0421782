/**
 * The data path: how an admitted request reaches the application and its answer comes back.
 *
 * Owns the connections to the upstream, its timeouts, streaming with back-pressure, and what of a response is passed
 * on. It does not decide whether a request may pass nor what is added to it (pipeline/): it sends what it is handed.
 */
export { createForwarder, type Forwarder, type ForwardedRequest } from './forward.ts'
export { createUpstream, type Upstream, type UpstreamSettings } from './upstream.ts'
export { hopByHopHeaders, withoutDeclared } from './hop-by-hop.ts'
export { mountUpstream } from './mount.ts'
