/**
 * The data path: how an admitted request reaches its application and the answer comes back.
 *
 * Owns the connections to the upstreams, their timeouts, streaming with back-pressure, WebSocket tunnels, and what of a
 * response is passed on. It does not decide whether a request may pass, where it goes, nor what is added to it
 * (pipeline/): it sends what it is handed.
 */
export { type Forwarder, type ForwardParts } from './exchange.ts'
export { createForwarder, hasBody } from './forward.ts'
export { hopByHopHeaders, withoutDeclared } from './hop-by-hop.ts'
export { createIdleWatch, type IdleWatch } from './idle-watch.ts'
export { type Admitted, mountUpstreams } from './mount.ts'
export { createOpenConnections, type Lease } from './open-connections.ts'
export { countReached, createReach, probe } from './reach.ts'
export { createStaticAnswer } from './static-answer.ts'
export { traceForwarding, type TraceForwardingParts } from './trace-forwarding.ts'
export { isWebSocketHandshake, routeUpgrades } from './upgrades.ts'
export { createUpstream, type Upstream } from './upstream.ts'
