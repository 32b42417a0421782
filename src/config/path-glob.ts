/** What the path of a rule may hold as a whole segment, and the demand that refers to it. */
export const placeholders = { '{organization}': 'organizations', '{project}': 'projects' } as const

export type Placeholder = keyof typeof placeholders

export function placeholdersIn (glob: string): Placeholder[] {
  return glob.split('/').filter((segment) => isPlaceholder(segment))
}

export function isPlaceholder (text: string): text is Placeholder {
  return Object.hasOwn(placeholders, text)
}

/** What never matches a request, or less than it seems to: the path of a request has one spelling. */
export function globProblem (glob: string): string | undefined {
  if (glob === '/') return undefined
  const segments = glob.slice(1).split('/')
  const above = glob.replace(/\/+$/, '')
  if (glob.includes('//')) return 'expected a path without empty segments'
  if (segments.at(-1) === '') return `expected a path without a slash at its end; write ${above}/** or ${above}`
  if (segments.some(isDotSegment)) return 'expected a path without . and .. segments'
  if (segments.some((segment) => segment.includes('**') && segment !== '**')) return 'expected ** to stand alone between slashes, as in /admin/**; within a segment, * stands for any characters'
  return placeholderProblem(segments)
}

function isDotSegment (segment: string): boolean {
  return ['.', '..'].includes(segment.replace(/%2e/gi, '.'))
}

function placeholderProblem (segments: readonly string[]): string | undefined {
  const stray = segments.find((segment) => /[{}]/.test(segment) && !isPlaceholder(segment))
  if (stray !== undefined) {
    const within = Object.keys(placeholders).find((placeholder) => stray.includes(placeholder))
    return within === undefined
      ? 'expected {organization} or {project} in braces; a brace itself is written %7B or %7D'
      : `expected ${within} to stand alone between slashes`
  }
  for (const [place, segment] of segments.entries()) {
    if (!isPlaceholder(segment)) continue
    if (segments.indexOf(segment) !== place) return `expected ${segment} once`
    if (segments.slice(0, place).includes('**')) return `expected no ** before ${segment}: it would not be certain which segment it stands for`
  }
  return undefined
}
