import { isRequired, jsonSchema, type JsonSchema, propertiesOf } from './json-schema.ts'
import { type Setting, settings } from './settings.ts'
import { typeWords } from './type-words.ts'

const introduction = `# Configuration

Doorward reads one YAML file and the environment. The file is the one that \`--config\` names, else the one that the
variable \`DOORWARD_CONFIG\` names, else \`./doorward.yaml\`, else \`/etc/doorward/doorward.yaml\`; without any of them the
environment alone is enough. \`doorward check\` reads all of it and says everything that is wrong, by line; a
configuration that is not valid never starts.

**File.** Keys are in camelCase, and an unknown key is an error. Durations are text with a unit: \`500ms\`, \`30s\`, \`15m\`,
\`8h\`, \`7d\`. Editors that know JSON Schema check and complete the file with this as its first line:

\`\`\`yaml
# yaml-language-server: $schema=./doorward.schema.json
\`\`\`

The schema is \`config/doorward.schema.json\`; \`doorward schema\` prints it. \`config/doorward.example.yaml\` shows every
setting.

**Environment.** Every setting below that names a variable can be given by it, and the environment wins over the file.
Text and numbers are written as they are, booleans as \`true\` or \`false\`, lists of text with commas between
(\`openid,email\`) or as JSON (\`["openid","email"]\`, \`[]\` for an empty one), maps and lists of anything else as JSON. An
unknown variable that begins with \`DOORWARD_\` is an error, as is an empty one; those that Kubernetes gives to every pod
for a Service called doorward are left alone. Five variables are enough for a start:

\`\`\`sh
DOORWARD_SERVER_PUBLIC_URL=https://app.example.com
DOORWARD_PROVIDER_ISSUER=https://idp.example.com
DOORWARD_PROVIDER_CLIENT_ID=app
DOORWARD_PROVIDER_CLIENT_SECRET=…
DOORWARD_UPSTREAM_URL=http://127.0.0.1:8080
\`\`\`

**Secrets.** Every secret can be read from a file instead: beside \`clientSecret\` there is \`clientSecretFile\`, and beside
its variable one that ends in \`_FILE\`. The file is read at start, and one line break at its end is dropped. Giving both
is an error, and so is a file that is missing or empty. Relative paths begin at the working directory.
`

/** The reference of every setting, as Markdown: docs/configuration.md. */
export function configurationReference (): string {
  const sections = Object.entries(propertiesOf(jsonSchema)).map(([key, schema]) => sectionText(key, schema))
  return [introduction, ...sections].join('\n')
}

function sectionText (key: string, schema: JsonSchema): string {
  const rows = settings.filter(({ keys }) => keys[0] === key).map(rowText)
  return `## ${key}

${schema.description ?? ''}

| setting | type | default | variable | what it does |
| --- | --- | --- | --- | --- |
${rows.join('\n')}
`
}

function rowText (setting: Setting): string {
  const type = typeWords(setting.schema) + (setting.secret ? ', **secret**' : '')
  const variable = setting.variable === undefined ? '' : code(setting.variable)
  const cells = [code(setting.path), type, defaultText(setting), variable, setting.description]
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
}

function defaultText ({ keys, required, default: value }: Setting): string {
  if (required) return isRequired(keys.slice(0, -1)) ? '**required**' : `required in ${code(keys.slice(0, -1).join('.'))}`
  if (value === undefined) return '–'
  return code(typeof value === 'string' ? value : JSON.stringify(value))
}

function code (text: string): string {
  return `\`${text}\``
}
