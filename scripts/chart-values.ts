/** The values of the Helm chart: the source of helm/doorward/values.schema.json and of the table in its README. */
import { z } from 'zod'
import { settings } from '../src/config/index.ts'

const text = z.string().default('')
/** What Kubernetes understands, and checks, itself. */
const map = z.record(z.string(), z.unknown())
const texts = z.record(z.string(), z.string()).default({})
const list = z.array(map).default([])
const count = z.int().min(1)
const port = z.int().min(1).max(65535)

const secretSettings = settings.filter(({ secret, variable }) => secret && variable !== undefined)

/** Each of these names a file by a variable, `…_FILE`. */
const secretPaths = secretSettings.map(({ path }) => path)

const secretVariables = secretSettings.map(({ variable = '' }) => variable)

const secretName = z.union([z.enum(secretPaths), z.string().regex(/^[a-z0-9][a-z0-9-]*$/)])

const image = z.strictObject({
  repository: text.describe('Where your image of Doorward is, without a tag. There is no default.'),
  tag: text.describe('Default: the version of the chart’s application.'),
  digest: z.string().regex(/^(sha256:[0-9a-f]{64})?$/).default('').describe('`sha256:…`, in place of a tag: what runs can’t be exchanged behind its name.'),
  pullPolicy: z.enum(['Always', 'IfNotPresent', 'Never']).default('IfNotPresent').describe('When nodes pull it.')
}).prefault({})

const secretSource = z.strictObject({
  name: z.string().min(1).describe('Of an existing Secret in the same namespace.'),
  key: z.string().min(1).describe('In that Secret.')
})

const variable = z.looseObject({ name: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/) })

const probe = (defaults: Readonly<Record<string, number>>): z.ZodDefault<typeof map> => map.default({ ...defaults })

const probes = z.strictObject({
  startup: probe({ periodSeconds: 1, timeoutSeconds: 2, failureThreshold: 60 }).describe('Timing of the probe of `/livez` until the first success.'),
  liveness: probe({ periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 3 }).describe('Timing of the probe of `/livez`.'),
  readiness: probe({ periodSeconds: 5, timeoutSeconds: 2, failureThreshold: 2 }).describe('Timing of the probe of `/readyz`.')
}).prefault({})

const service = z.strictObject({
  type: z.enum(['ClusterIP', 'NodePort', 'LoadBalancer']).default('ClusterIP').describe('Of the Service that people reach.'),
  port: port.default(80).describe('Of that Service.'),
  annotations: texts.describe('Of that Service.'),
  ipFamilyPolicy: z.enum(['', 'SingleStack', 'PreferDualStack', 'RequireDualStack']).default('').describe('Of both Services. With IPv6, let `server.listen` and `admin.listen` begin with `[::]:`.')
}).prefault({})

const ingress = z.strictObject({
  enabled: z.boolean().default(false).describe('Make an Ingress.'),
  className: text.describe('Which controller serves it.'),
  annotations: texts.describe('For the controller.'),
  hosts: z.array(z.string()).default([]).describe('Default: the hosts of `server.publicUrl` and `server.hosts`.'),
  tlsSecret: text.describe('Secret with the certificate for these hosts.')
}).prefault({})

const httpRoute = z.strictObject({
  enabled: z.boolean().default(false).describe('Make a route of the Gateway API.'),
  parentRefs: list.describe('The Gateways.'),
  annotations: texts.describe('Of the route.'),
  hostnames: z.array(z.string()).default([]).describe('Default: the hosts of `server.publicUrl` and `server.hosts`.'),
  filters: list.describe('Of its one rule.')
}).prefault({})

const autoscaling = z.strictObject({
  enabled: z.boolean().default(false).describe('Make a HorizontalPodAutoscaler, in place of `replicas`.'),
  minReplicas: count.default(2).describe('Least number of pods.'),
  maxReplicas: count.default(6).describe('Largest number of pods.'),
  cpuUtilization: count.default(70).describe('In percent of `resources.requests.cpu`, on average.'),
  behavior: map.default({}).describe('How fast it scales.')
}).prefault({})

const podDisruptionBudget = z.strictObject({
  enabled: z.boolean().default(true).describe('Make a PodDisruptionBudget.'),
  maxUnavailable: z.union([count, z.string().regex(/^[1-9]\d?%$|^100%$/)]).default(1).describe('How many pods may be moved at once.')
}).prefault({})

const networkPolicy = z.strictObject({
  enabled: z.boolean().default(true).describe('Let nobody reach a port of the pods but for what follows.'),
  from: list.describe('Who may reach the port for people; an empty list: everybody.'),
  adminFrom: list.describe('Who may reach the admin port beside the kubelet: Prometheus. An empty list: nobody.'),
  egress: list.describe('Where Doorward may connect to: the provider, the application, Redis. DNS is added. An empty list: anywhere.')
}).prefault({})

const serviceMonitor = z.strictObject({
  enabled: z.boolean().default(false).describe('Make a ServiceMonitor for the Prometheus operator.'),
  labels: texts.describe('By which your Prometheus finds it.'),
  interval: text.describe('Default: that of Prometheus.'),
  scrapeTimeout: text.describe('Default: that of Prometheus.')
}).prefault({})

const spread = ['kubernetes.io/hostname', 'topology.kubernetes.io/zone'].map((topologyKey) => ({ maxSkew: 1, topologyKey, whenUnsatisfiable: 'ScheduleAnyway' }))

/** Fits the restricted Pod Security Standard. */
const restricted = {
  runAsNonRoot: true,
  runAsUser: 65532,
  runAsGroup: 65532,
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ['ALL'] },
  seccompProfile: { type: 'RuntimeDefault' }
}

export const chartValues = z.strictObject({
  mode: z.enum(['deployment', 'sidecar']).default('deployment').describe('`sidecar`: the ConfigMap alone, and the container for a workload of yours.'),
  nameOverride: text.describe('In place of the chart’s name.'),
  fullnameOverride: text.describe('What the names of all objects begin with. Default: release and chart.'),
  image,
  imagePullSecrets: list.describe('For a registry that asks who pulls.'),
  command: z.array(z.string()).default([]).describe('In place of the image’s own.'),
  args: z.array(z.string()).default(['serve']).describe('What Doorward is to do.'),
  config: map.default({}).describe('The configuration, as in `doorward.yaml`, without secrets.'),
  existingConfigMap: text.describe('In place of `config`: a ConfigMap that holds `doorward.yaml`.'),
  rollOnConfigChange: z.boolean().default(true).describe('Replace the pods when `config` has changed. `false`: they read it again by themselves.'),
  secrets: z.record(secretName, secretSource).default({}).describe('Setting → the existing Secret that holds it. Each becomes a file. Under another name (`a-z`, `0-9`, `-`): a file of that name in `/run/secrets/doorward`, for `config` to name.'),
  env: z.array(variable).default([]).describe('Further variables of the container.'),
  envFrom: list.describe('Secrets and ConfigMaps whose keys are variables.'),
  nodeOptions: z.string().default('--max-semi-space-size=4').describe('`NODE_OPTIONS`: less memory for the same speed.'),
  replicas: count.default(2).describe('How many pods. As a sidecar: how many your workload has.'),
  strategy: map.default({ type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } }).describe('How pods are replaced.'),
  terminationGracePeriodSeconds: count.optional().describe('Default: `server.drainDelay`, `server.drainTimeout` and 5 seconds to close.'),
  lifecycle: map.default({}).describe('Hooks of the container. None is needed: Doorward drains by itself.'),
  probes,
  resources: map.default({ requests: { cpu: '100m', memory: '128Mi' }, limits: { memory: '768Mi' } }).describe('What the container asks for, and may take.'),
  securityContext: map.default(restricted).describe('Of the container: fits the restricted Pod Security Standard.'),
  podSecurityContext: map.default({}).describe('Of the pod.'),
  serviceAccountName: text.describe('An existing one. Doorward needs none: no token of it is mounted.'),
  labels: texts.describe('Of every object.'),
  podLabels: texts.describe('Of the pods.'),
  podAnnotations: texts.describe('Of the pods.'),
  nodeSelector: texts.describe('Where pods may run.'),
  tolerations: list.describe('Where pods may run.'),
  affinity: map.default({}).describe('Where pods may run.'),
  topologySpreadConstraints: z.array(map).default(spread).describe('How pods are spread; without a `labelSelector`, over those of this release.'),
  priorityClassName: text.describe('Which pods go first.'),
  volumes: list.describe('Further volumes of the pod.'),
  volumeMounts: list.describe('Further mounts of the container.'),
  initContainers: list.describe('Of the pod.'),
  containers: list.describe('Further ones of the pod, such as the application.'),
  service,
  ingress,
  httpRoute,
  autoscaling,
  podDisruptionBudget,
  networkPolicy,
  serviceMonitor,
  tests: z.strictObject({
    command: z.array(z.string()).default(['node']).describe('How the image starts Node, for `helm test`.')
  }).prefault({}),
  extraObjects: list.describe('Further objects of the release.'),
  enabled: z.boolean().optional().describe('For `condition` of a chart that depends on this one; read by Helm alone.'),
  global: map.optional().describe('Values that charts share; not read.')
})

/** In `env`, the value of such a variable can come from a Secret alone. */
export const fromSecretsAlone: readonly string[] = secretVariables
