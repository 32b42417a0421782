import { styleText } from 'node:util'
import { type Terminal } from './terminal.ts'

/** What a text is, which decides its colour. */
export type Shade = 'heading' | 'good' | 'doubtful' | 'bad' | 'quiet'

export type Paint = (shade: Shade, text: string) => string

const styles = { heading: 'bold', good: 'green', doubtful: 'yellow', bad: 'red', quiet: 'dim' } as const

/** Colours for a person at a terminal who has not asked for none (https://no-color.org). */
export function createPaint ({ isTerminal, environment }: Pick<Terminal, 'isTerminal' | 'environment'>): Paint {
  const isColoured = isTerminal && (environment['NO_COLOR'] ?? '') === '' && environment['TERM'] !== 'dumb'
  return (shade, text) => isColoured ? styleText(styles[shade], text, { validateStream: false }) : text
}
