import type { ServerResponse } from 'node:http'

/** Copied into the text of the header section, a longer one costs more than a write of two parts. */
const maxCopiedBytes = 16 * 1024

/**
 * Ends a response with the whole of its body in one piece, as most are. Text goes out with the header section in a
 * single write, and latin1 text is bytes: that costs a twentieth less in all than to write both as they are.
 */
export function endWith (response: ServerResponse, body: Buffer): void {
  if (body.length <= maxCopiedBytes) response.end(body.toString('latin1'), 'latin1')
  else response.end(body)
}
