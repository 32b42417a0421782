/**
 * The configuration: from a YAML file, environment variables and secret files to one complete, checked, frozen object.
 *
 * Owns the schema and all that is derived from it (settings, variables, JSON Schema, reference), the search for the
 * file, and every message about what is wrong in it. It does not own what the settings do: every other part is handed
 * its own slice by the gateway and never sees this folder.
 */
export { type Configuration, type ProviderConfiguration, providersOf, redirectUriOf, signedOutUriOf, type UpstreamConfiguration, upstreamsOf } from './schema.ts'
export { type ReadFile, readTextFile } from './files.ts'
export { loadConfiguration, type LoadOutcome } from './load.ts'
export { type Expectation, type ExpectedOutcome, loadExpectations } from './expectations.ts'
export { type ConfigurationProblem, problemText } from './report.ts'
export { jsonSchema } from './json-schema.ts'
export { settings, type Setting } from './settings.ts'
