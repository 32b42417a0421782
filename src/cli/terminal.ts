/** What a command sees of the world outside: nothing else of the process reaches it. */
export interface Terminal {
  /** Writes to standard output, as it is: the caller ends its lines. */
  readonly stdout: (text: string) => void
  /** Writes to standard error, as it is. */
  readonly stderr: (text: string) => void
  /** All of standard input; absent where there is none. */
  readonly stdin?: () => Promise<string>
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  /** Whether a person is likely to read standard output as it is written. */
  readonly isTerminal: boolean
}
