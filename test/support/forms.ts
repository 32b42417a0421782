/** The forms of a page, as far as a browser without scripts would see them. */
export interface Form {
  readonly method: 'GET' | 'POST'
  /** As it stands in the page: relative to the page's URL. */
  readonly action: string
  readonly fields: URLSearchParams
}

interface Control {
  readonly isButton: boolean
  readonly name: string
  readonly value: string
}

type Attributes = ReadonlyMap<string, string>

/**
 * The first form that has all of these controls, filled in: a field takes the value given, a button must have it.
 * Without any wish, the first form of the page. Throws when there is none.
 */
export function fillForm (markup: string, wanted: Readonly<Record<string, string>> = {}): Form {
  const form = [...markup.matchAll(/<form\b([^>]*)>([\s\S]*?)<\/form>/gi)]
    .map(([, attributes = '', content = '']) => ({ attributes: parseAttributes(attributes), content }))
    .map(({ attributes, content }) => ({ attributes, controls: [...controlsIn(content), ...controlsOutside(markup, attributes.get('id'))] }))
    .find(({ controls }) => Object.entries(wanted).every(([name, value]) => controls.some((control) => accepts(control, name, value))))
  if (form === undefined) throw new Error(`the page has no form for ${JSON.stringify(wanted)}:\n${markup}`)

  const { attributes, controls } = form
  const fields = new URLSearchParams()
  for (const { isButton, name, value } of controls) if (!isButton) fields.append(name, value)
  for (const [name, value] of Object.entries(wanted)) fields.set(name, value)
  const method = attributes.get('method')?.toUpperCase() === 'POST' ? 'POST' : 'GET'
  return { method, action: attributes.get('action') ?? '', fields }
}

function accepts (control: Control, name: string, value: string): boolean {
  return control.name === name && (!control.isButton || control.value === value)
}

function controlsIn (markup: string): Control[] {
  return [...markup.matchAll(/<(input|button)\b([^>]*)>/gi)].flatMap(([, tag = '', text = '']) => {
    const attributes = parseAttributes(text)
    const name = attributes.get('name') ?? ''
    const isButton = tag.toLowerCase() === 'button' || attributes.get('type') === 'submit'
    return name === '' ? [] : [{ isButton, name, value: attributes.get('value') ?? '' }]
  })
}

/** Controls elsewhere in the page belong to a form whose id they name. */
function controlsOutside (markup: string, id: string | undefined): Control[] {
  if (id === undefined) return []
  const tags = markup.match(/<(?:input|button)\b[^>]*>/gi) ?? []
  return controlsIn(tags.filter((tag) => parseAttributes(tag).get('form') === id).join(''))
}

function parseAttributes (text: string): Attributes {
  const pairs = [...text.matchAll(/([a-z][a-z0-9-]*)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?/gi)]
  return new Map(pairs.map(([, name = '', double, single, bare]) => [name.toLowerCase(), decode(double ?? single ?? bare ?? '')]))
}

const named: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

function decode (text: string): string {
  return text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|([a-z]+));/gi, (all, hex?: string, decimal?: string, name = '') => {
    const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16)
    return Number.isNaN(code) ? named[String(name)] ?? all : String.fromCodePoint(code)
  })
}
