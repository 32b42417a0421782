/** Who may import whom: the table of docs/architecture.md, as rules. */
const above = {
  server: ['proxy', 'request-origin', 'observability'],
  limits: ['observability'],
  pipeline: ['limits', 'sessions', 'mapping', 'access', 'assertion', 'proxy', 'pages', 'request-origin', 'header-names', 'observability'],
  'forward-auth': ['pipeline', 'request-origin', 'observability'],
  proxy: ['observability'],
  admin: ['sessions', 'observability'],
  oidc: ['sessions', 'mapping', 'pages', 'request-origin', 'observability'],
  sessions: ['mapping', 'observability'],
  access: ['mapping', 'patterns', 'request-origin'],
  mapping: ['patterns'],
  patterns: [],
  assertion: [],
  pages: [],
  observability: [],
  'request-origin': [],
  config: ['patterns', 'request-origin', 'header-names']
}

const folderRules = Object.entries(above).map(([folder, allowed]) => ({
  name: `${folder}-imports`,
  comment: `src/${folder} may import ${[...allowed, 'cache-bounds', 'errors', 'node-http', 'own-routes', 'step-up', 'without-schemas'].join(', ')}`,
  severity: 'error',
  from: { path: `^src/${folder}/` },
  to: { path: '^src/', pathNot: [`^src/(${[folder, ...allowed].join('|')})(/|\\.ts$)`, '^src/(cache-bounds|errors|node-http|own-routes|step-up|without-schemas)\\.ts$'] }
}))

/** Each library has one home, so that it can be understood, tested and replaced there. */
const homes = {
  oauth4webapi: '^src/oidc/provider[^/]*\\.ts$',
  jose: '^src/(oidc|assertion)/',
  '@fastify/secure-session': '^src/sessions/sealing\\.ts$',
  cookie: '^src/sessions/cookies\\.ts$',
  ioredis: '^src/sessions/redis-connection\\.ts$',
  '@fastify/http-proxy': '^src/proxy/',
  re2js: '^src/patterns/',
  undici: '^src/(proxy/|oidc/provider-http\\.ts$)',
  zod: '^src/config/',
  yaml: '^src/config/',
  'prom-client': '^src/observability/(metrics|request-counts|upstream-counts)\\.ts$',
  '@opentelemetry/[^/]+': '^src/observability/tracing-sdk\\.ts$',
  pino: '^src/observability/',
  'pino-pretty': '^src/observability/',
  'close-with-grace': '^src/main\\.ts$'
}

const homeRules = Object.entries(homes).map(([library, home]) => ({
  name: `home-of-${library.replace(/\W+/g, '-')}`,
  severity: 'error',
  from: { path: '^src/', pathNot: home },
  to: { path: `^node_modules/${library}/` }
}))

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true, dependencyTypesNot: ['type-only'] } },
    { name: 'no-orphans', severity: 'error', from: { orphan: true, path: '^src/' }, to: {} },
    { name: 'front-door', comment: 'A folder is used through its index.ts', severity: 'error', from: { path: '^src/([^/]+)/' }, to: { path: '^src/([^/]+)/', pathNot: ['^src/$1/', '^src/[^/]+/index\\.ts$'] } },
    { name: 'pure', comment: 'access and mapping do no I/O and know no framework', severity: 'error', from: { path: '^src/(access|mapping)/' }, to: { dependencyTypes: ['core', 'npm'] } },
    { name: 'only-main-starts', severity: 'error', from: { path: '^src/', pathNot: '^src/main\\.ts$' }, to: { path: '^src/main\\.ts$' } },
    { name: 'config-values', comment: 'Only main, cli and the composition root see the configuration', severity: 'error', from: { path: '^src/(?!main\\.ts|gateway\\.ts|lasting\\.ts|applications\\.ts|dependencies\\.ts|provider-settings\\.ts|identity-providers\\.ts|session-state\\.ts|cli/|config/)' }, to: { path: '^src/config/' } },
    ...folderRules,
    ...homeRules
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'], extensions: ['.ts', '.js'] },
    reporterOptions: {
      dot: { collapsePattern: '^src/[^/]+' },
      archi: { collapsePattern: '^src/[^/]+' }
    }
  }
}
