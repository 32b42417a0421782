import { type Paint, type Shade } from './paint.ts'

/** A line, why it is so, and what follows from it. */
export interface Branch {
  readonly text: string
  readonly note?: string | undefined
  readonly shade?: Shade | undefined
  readonly branches?: readonly Branch[]
}

/** Notes stand in a column beside lines that are not longer than this. */
const widestText = 48

/** Draws each root at the margin, and what hangs on it below. */
export function treeText (roots: readonly Branch[], paint: Paint): string {
  return roots.map((root) => `${paint('heading', visible(root.text))}\n${limbs(root.branches ?? [], '', paint)}`).join('')
}

function limbs (branches: readonly Branch[], indent: string, paint: Paint): string {
  const width = Math.min(widestText, Math.max(0, ...branches.filter(({ note }) => note !== undefined).map(({ text }) => visible(text).length)))
  return branches.map(({ text, note, shade, branches: below = [] }, index) => {
    const isLast = index === branches.length - 1
    const shown = visible(text)
    const line = shade === undefined ? shown : paint(shade, shown)
    const beside = note === undefined ? '' : `${' '.repeat(Math.max(0, width - shown.length))}  ${paint('quiet', visible(note))}`
    return `${indent}${isLast ? '└─ ' : '├─ '}${line}${beside}\n${limbs(below, `${indent}${isLast ? '   ' : '│  '}`, paint)}`
  }).join('')
}

/** Claims and paths are other people’s text: what is not visible is shown as an escape, so that none can steer a terminal. */
export function visible (text: string): string {
  return text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (character) => `\\u{${character.codePointAt(0)?.toString(16) ?? ''}}`)
}
