/**
 * What Doorward needs of Node's own `http`. An `import` of it asks for everything that it offers, and for the WebSocket
 * among it Node loads an undici of its own (docs/decisions/0037-what-a-start-loads.md). `require` asks for nothing but what
 * is used, and an `import type` is gone once it runs.
 */
import { createRequire } from 'node:module'
import type * as Http from 'node:http'

export const http = createRequire(import.meta.url)('node:http') as typeof Http
