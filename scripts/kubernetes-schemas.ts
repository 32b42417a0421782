/**
 * Fetches what kubeconform has to know to check the manifests of the Helm chart: JSON Schemas of Kubernetes, and of the
 * custom resources. Needs pip, unzip and Go. Writes to KUBERNETES_SCHEMAS, by default `.kubernetes-schemas`.
 */
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { parse } from 'yaml'

const run = promisify(execFile)

/** The oldest Kubernetes that the chart is for, and the newest that there is. */
export const kubernetesVersions: readonly string[] = ['1.27.0', '1.37.0']

const wheel = 'kubernetes-validate==1.37.0'

/** As kubeconform names the file → what it is called in the definitions of Kubernetes. */
const kinds: Readonly<Record<string, string>> = {
  'configmap-v1': 'core.v1.ConfigMap',
  'deployment-apps-v1': 'apps.v1.Deployment',
  'horizontalpodautoscaler-autoscaling-v2': 'autoscaling.v2.HorizontalPodAutoscaler',
  'ingress-networking-v1': 'networking.v1.Ingress',
  'networkpolicy-networking-v1': 'networking.v1.NetworkPolicy',
  'pod-v1': 'core.v1.Pod',
  'poddisruptionbudget-policy-v1': 'policy.v1.PodDisruptionBudget',
  'service-v1': 'core.v1.Service'
}

const resources = [
  { kind: 'httproute-gateway-v1', module: 'sigs.k8s.io/gateway-api@v1.4.1', path: 'config/crd/standard/gateway.networking.k8s.io_httproutes.yaml' },
  { kind: 'servicemonitor-monitoring-v1', module: 'github.com/prometheus-operator/prometheus-operator@v0.85.0', path: 'example/prometheus-operator-crd/monitoring.coreos.com_servicemonitors.yaml' }
]

interface CustomResourceDefinition {
  readonly spec: { readonly versions: ReadonlyArray<{ readonly name: string, readonly schema: { readonly openAPIV3Schema: unknown } }> }
}

async function fetchKubernetes (folder: string): Promise<void> {
  const download = await mkdtemp(join(tmpdir(), 'kubernetes-schemas-'))
  try {
    await run('python3', ['-m', 'pip', 'download', '--quiet', '--no-deps', '--only-binary', ':all:', '--dest', download, wheel])
    for (const version of kubernetesVersions) {
      const archived = `kubernetes_validate/kubernetes-json-schema/v${version}-local-strict/_definitions.json`
      await run('sh', ['-c', 'unzip -q "$0"/*.whl -d "$0" "$1"', download, archived])
      await mkdir(join(folder, `v${version}`), { recursive: true })
      await writeKinds(join(folder, `v${version}`), await readFile(join(download, archived), 'utf8'))
    }
  } finally {
    await rm(download, { recursive: true })
  }
}

/** One file for each kind, with every definition that it leads to, as kubeconform follows no reference to another file. */
async function writeKinds (folder: string, text: string): Promise<void> {
  const { $defs } = JSON.parse(text.replaceAll('/api/_definitions.json#', '#')) as { $defs: Record<string, unknown> }
  for (const [file, name] of Object.entries(kinds)) {
    const $ref = `io.k8s.api.${name}`
    await writeFile(join(folder, `${file}.json`), JSON.stringify({ $ref: `#/$defs/${$ref}`, $defs: reachable($defs, $ref) }))
  }
}

function reachable (definitions: Readonly<Record<string, unknown>>, from: string): Record<string, unknown> {
  const found: Record<string, unknown> = {}
  const next = [from]
  for (let name = next.pop(); name !== undefined; name = next.pop()) {
    if (Object.hasOwn(found, name)) continue
    found[name] = definitions[name]
    next.push(...[...JSON.stringify(definitions[name]).matchAll(/"#\/\$defs\/([^"]+)"/g)].map(([, referred = '']) => referred))
  }
  return found
}

async function fetchResource (folder: string, { kind, module, path }: typeof resources[number]): Promise<void> {
  const { stdout } = await run('go', ['mod', 'download', '-json', module])
  const { Dir } = JSON.parse(stdout) as { Dir: string }
  const { spec } = parse(await readFile(join(Dir, path), 'utf8')) as CustomResourceDefinition
  const version = spec.versions.find(({ name }) => kind.endsWith(`-${name}`))
  await writeFile(join(folder, `${kind}.json`), JSON.stringify(closed(version?.schema.openAPIV3Schema)))
}

/** Kubernetes silently drops what a custom resource does not know; here it is to be found. */
function closed (node: unknown): unknown {
  if (Array.isArray(node)) return node.map(closed)
  if (typeof node !== 'object' || node === null) return node
  const inner = Object.fromEntries(Object.entries(node).map(([key, value]) => [key, closed(value)]))
  const isOpen = 'additionalProperties' in node || 'x-kubernetes-preserve-unknown-fields' in node
  return 'type' in node && node.type === 'object' && 'properties' in node && !isOpen ? { ...inner, additionalProperties: false } : inner
}

async function main (): Promise<void> {
  const folder = process.env.KUBERNETES_SCHEMAS ?? '.kubernetes-schemas'
  await mkdir(folder, { recursive: true })
  await fetchKubernetes(folder)
  for (const resource of resources) await fetchResource(folder, resource)
}

if (import.meta.main) await main()
