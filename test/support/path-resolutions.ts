import { posix } from 'node:path'

/** Resolved as upstreams of many kinds resolve it: decoded up to two times, each with every habit known. */
export function resolutions (path: string): string[] {
  const decoded = [path, decodeLeniently(path), decodeLeniently(decodeLeniently(path)), decodeStrictly(path), decodeStrictly(decodeStrictly(path))]
  const cut = decoded.flatMap((text) => [text, text.replace(/;[^/]*/g, ''), text.replace(/[?#].*$/s, '')])
  const slashed = cut.flatMap((text) => [text, text.replaceAll('\\', '/')])
  return slashed.flatMap((text) => [posix.normalize(text), new URL(text.replace(/^\/+/, '/'), 'http://upstream').pathname])
}

function decodeLeniently (path: string): string {
  return path.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}

function decodeStrictly (path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}
