/** Eight ways to write the name of a header that CGI, WSGI, PHP and others fold into one. */
const spellings: ReadonlyArray<(name: string) => string> = [
  (name) => name,
  (name) => name.toLowerCase(),
  (name) => name.toUpperCase(),
  (name) => name.replaceAll('-', '_'),
  (name) => name.replace('-', '_'),
  (name) => name.replaceAll('-', '.').toLowerCase(),
  (name) => name.replace(/-(?=[^-]*$)/, '~'),
  (name) => name.toUpperCase().replaceAll('-', '_').replace('_', '!')
]

/** Every spelling of every name, once. */
export function spelled (names: readonly string[]): string[] {
  return [...new Set(names.flatMap((name) => spellings.map((spell) => spell(name))))]
}

/** The name as the most forgiving reader sees it. */
export function folded (name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '-')
}
