/**
 * How much is served at once, and how much of what costs something one client may ask for.
 *
 * Owns when there is no room for a request (load.ts, event-loop.ts), how often a client may sign in, try a token or
 * leave a form (client-rates.ts), and that Doorward's own routes ask both (own-routes.ts). It does not own who asks, nor
 * what a request is for: applications are asked for in the pipeline, which knows the caller (pipeline/).
 */
export { type ClientRateMemory, type ClientRates, createClientRateMemory, createClientRates } from './client-rates.ts'
export { type EventLoop, watchEventLoop } from './event-loop.ts'
export { createLoad, type Load } from './load.ts'
export { networkOf } from './network.ts'
export { limitOwnRoutes } from './own-routes.ts'
export { createRefusals, type Refusals } from './refusals.ts'
