/** The Dockerfile as data, and the file tree that its instructions make, for machines without a container engine. */
import { execFile } from 'node:child_process'
import { cp, mkdir, readFile } from 'node:fs/promises'
import { basename, delimiter, dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { type Copy, DockerfileParser, type From, type Healthcheck, type Instruction, type JSONInstruction } from 'dockerfile-ast'

const run = promisify(execFile)
const project = resolve(import.meta.dirname, '../..')

export interface Image {
  /** Folder in which `/` of the image lies. */
  readonly root: string
  readonly workdir: string
  readonly user: string
  readonly environment: Readonly<Record<string, string>>
  readonly entrypoint: readonly string[]
  readonly command: readonly string[]
  readonly healthcheck: readonly string[]
}

export const dockerfile = await readFile(join(project, 'Dockerfile'), 'utf8')

interface Stage extends Omit<Image, 'environment'> {
  environment: Record<string, string>
}

type Mutable<Type> = { -readonly [Key in keyof Type]: Type[Key] }

/** What a base image brings that the instructions take: programs of this machine, by their path there. */
export type BaseFiles = Readonly<Record<string, string>>

/**
 * Follows the Dockerfile below a folder: copies what it copies, and runs what it runs with its own commands, here.
 * @param base what `COPY --from` takes that no instruction has made
 * @returns the last stage
 */
export async function buildImage (folder: string, base: BaseFiles): Promise<Image> {
  const stages = new Map<string, Mutable<Stage>>()
  let stage: Mutable<Stage> | undefined
  for (const instruction of DockerfileParser.parse(dockerfile).getInstructions()) {
    if (instruction.getKeyword() === 'FROM') {
      const name = (instruction as From).getBuildStage() ?? 'last'
      stage = { root: join(folder, name), workdir: '/', user: '', environment: {}, entrypoint: [], command: [], healthcheck: [] }
      stages.set(name, stage)
    } else if (stage !== undefined) {
      await follow(instruction, stage, { stages, base })
    }
  }
  if (stage === undefined) throw new Error('the Dockerfile has no stage')
  return stage
}

interface Around {
  readonly stages: ReadonlyMap<string, Stage>
  readonly base: BaseFiles
}

async function follow (instruction: Instruction, stage: Mutable<Stage>, around: Around): Promise<void> {
  const text = instruction.getArgumentsContent() ?? ''
  switch (instruction.getKeyword()) {
    case 'WORKDIR':
      stage.workdir = text
      await mkdir(join(stage.root, text), { recursive: true })
      return
    case 'COPY': return await copy(instruction as Copy, stage, around)
    case 'RUN':
      return await runWords(text, stage)
    case 'ENV':
      stage.environment[text.split('=', 1)[0] ?? ''] = text.slice(text.indexOf('=') + 1)
      return
    case 'USER':
      stage.user = text
      return
    case 'ENTRYPOINT':
      stage.entrypoint = wordsOf(instruction as JSONInstruction)
      return
    case 'CMD':
      stage.command = wordsOf(instruction as JSONInstruction)
      return
    case 'HEALTHCHECK':
      stage.healthcheck = wordsOf(instruction as Healthcheck)
      return
    case 'ARG': case 'LABEL': case 'EXPOSE': return
    default: throw new Error(`this knows nothing of ${instruction.getKeyword()}`)
  }
}

/** By the Node of this process, without what the test runner asks of every Node below it. */
async function runWords (text: string, { root, workdir }: Stage): Promise<void> {
  const env = { ...process.env, PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH ?? ''}`, npm_config_prefer_offline: 'true' }
  await run('/usr/bin/env', ['-u', 'NODE_OPTIONS', '/bin/sh', '-c', text], { cwd: join(root, workdir), env, maxBuffer: 10_000_000 })
}

/** The exec form, which needs no shell. */
function wordsOf (instruction: Instruction): string[] {
  const text = instruction.getArgumentsContent() ?? ''
  return JSON.parse(text.slice(text.indexOf('['))) as string[]
}

async function copy (instruction: Copy, { root, workdir }: Stage, { stages, base }: Around): Promise<void> {
  const from = instruction.getFromFlag()?.getValue()
  const words = instruction.getArguments().map((argument) => argument.getValue())
  const destination = words.at(-1) ?? ''
  const into = resolve('/', workdir, destination)
  for (const source of words.slice(0, -1)) {
    const target = join(root, destination.endsWith('/') ? join(into, basename(source)) : into)
    const made = from === undefined || from === null ? join(project, source) : join(stages.get(from)?.root ?? '', source)
    await mkdir(dirname(target), { recursive: true })
    await cp(base[source] ?? made, target, { recursive: true, verbatimSymlinks: true })
  }
}
