/**
 * A claim as mod_auth_openidc 2.4.12 writes it, before it is encoded; `undefined` for what it leaves out. Flags are `1`
 * and `0`, fractions have six digits, and an object is JSON as the library jansson writes it.
 *
 * An integer beyond 2^53 is left out too: JSON is read into doubles here, and a number that is almost somebody’s is
 * worse than none.
 */
export function claimText (value: unknown): string | undefined {
  if (Array.isArray(value)) return listText(value)
  if (typeof value === 'object' && value !== null) return jsonText(value)
  if (typeof value !== 'number') return plainText(value)
  if (Number.isInteger(value)) return Number.isSafeInteger(value) ? String(value) : undefined
  return value.toFixed(6)
}

function plainText (value: unknown): string | undefined {
  if (typeof value === 'boolean') return value ? '1' : '0'
  return typeof value === 'string' ? value : undefined
}

/** Texts and flags alone, joined by commas, which are not escaped. A comma is set once there is something before it. */
function listText (values: readonly unknown[]): string {
  return values.map(plainText).filter((text) => text !== undefined).reduce((joined, text) => joined === '' ? text : `${joined},${text}`, '')
}

/** The depth of claims is bounded where they are taken over. */
function jsonText (value: unknown): string {
  if (typeof value === 'string') return stringText(value)
  if (typeof value === 'number') return numberText(value)
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(jsonText).join(', ')}]`
  return `{${Object.entries(value).map(([key, member]) => `${stringText(key)}: ${jsonText(member)}`).join(', ')}}`
}

/** Escapes of controls have capital digits there. */
function stringText (text: string): string {
  return JSON.stringify(text).replace(/\\(?:u(00[01][0-9a-f])|.)/g, (escape, digits?: string) => digits === undefined ? escape : `\\u${digits.toUpperCase()}`)
}

/** As C writes `%.17g`, without a plus sign in the exponent. */
function numberText (value: number): string {
  if (Number.isSafeInteger(value)) return String(value)
  const [mantissa = '', power = ''] = value.toExponential(16).split('e')
  const exponent = Number(power)
  if (Number.isInteger(value) && exponent < 21) return 'null'
  if (exponent < -4 || exponent > 16) return `${withoutTrailingZeros(mantissa)}e${exponent}`
  return withoutTrailingZeros(value.toFixed(16 - exponent))
}

function withoutTrailingZeros (digits: string): string {
  return digits.replace(/\.?0+$/, '')
}
