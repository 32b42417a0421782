/** Two instances behind a load balancer are restarted one after the other while people go on working. Nobody notices. */
import { Agent } from 'node:http'
import { text } from 'node:stream/consumers'
import t, { type Test, test } from 'tap'
import { type ServeProcess, startServe } from '../cli/serve-process.ts'
import { ask, responseTo } from '../proxy/open-gateway.ts'
import { freePort } from '../support/gateway.ts'
import { startHaproxy } from '../support/haproxy.ts'
import { startNginxServer } from '../support/nginx.ts'
import { missingPart } from '../support/parts.ts'
import { startProvider } from '../support/provider.ts'
import { startUpstream } from '../support/upstream.ts'

const clients = 16

const provider = await startProvider(t)

interface Instance {
  readonly port: number
  readonly adminPort: number
  /** Starts it, or starts it again; resolves once people may be sent there. */
  start (): Promise<void>
  /** Resolves with the exit code. */
  stop (): Promise<number | string>
}

async function createInstance (t: Test, balancerPort: number, upstream: string): Promise<Instance> {
  const [port, adminPort] = [await freePort(), await freePort()]
  let running: ServeProcess | undefined
  return {
    port,
    adminPort,
    async start () {
      running = await startServe(t, {
        server: { listen: `127.0.0.1:${port}`, publicUrl: `http://localhost:${balancerPort}`, drainDelay: '2s' },
        admin: { listen: `127.0.0.1:${adminPort}` },
        provider: { issuer: provider.issuer, clientId: 'doorward' },
        upstream: { url: upstream }
      })
      await running.logged('started')
      await running.logged('provider.discovered')
    },
    async stop () {
      running?.child.kill('SIGTERM')
      return await running?.ended ?? 'never started'
    }
  }
}

interface Load {
  readonly requests: number
  /** Of the request of that number; without one it is a GET. */
  readonly bodyOf?: (number: number) => string | undefined
}

interface Setting {
  readonly instances: readonly Instance[]
  /** Of the load balancer. */
  readonly port: number
}

async function startInstances (t: Test): Promise<Setting> {
  const { url } = await startUpstream(t, async (request, response) => {
    const body = await text(request)
    response.end(`${String(request.method)} ${String(request.url)} ${body}`)
  })
  const port = await freePort()
  const instances = [await createInstance(t, port, url), await createInstance(t, port, url)]
  for (const instance of instances) await instance.start()
  return { instances, port }
}

/** Restarts one after the other under load; what was lost of it, and the exit codes. */
async function restartUnderLoad (t: Test, { instances, port }: Setting, { requests, bodyOf }: Load): Promise<{ lost: string[], codes: Array<number | string> }> {
  const agent = new Agent({ keepAlive: true, maxSockets: clients })
  t.teardown(() => { agent.destroy() })
  const [lost, codes]: [string[], Array<number | string>] = [[], []]
  let sent = 0
  const restarts = { areOver: false }

  async function work (): Promise<void> {
    while (sent < requests || !restarts.areOver) {
      const number = sent++
      const problem = await exchange(port, agent, number, bodyOf?.(number)).catch(String)
      if (problem !== undefined) lost.push(problem)
    }
  }

  async function restart (): Promise<void> {
    for (const instance of instances) {
      codes.push(await instance.stop())
      await instance.start()
    }
    restarts.areOver = true
  }

  await Promise.all([restart(), ...Array.from({ length: clients }, work)])
  t.comment(`${sent} requests`)
  return { lost, codes }
}

/** One request; what is wrong with its answer. */
async function exchange (port: number, agent: Agent, number: number, body: string | undefined): Promise<string | undefined> {
  const method = body === undefined ? 'GET' : 'POST'
  const path = `/${number}`
  const asked = ask(port, { agent, method, path, headers: body === undefined ? {} : { 'content-length': body.length } })
  const response = await responseTo(asked.end(body))
  const answer = await text(response)
  const expected = `${method} ${path} ${body ?? ''}`
  return response.statusCode === 200 && answer === expected ? undefined : `${String(response.statusCode)} ${answer}`.slice(0, 200)
}

test('nginx, which hears of nothing: not one of 20,000 requests is lost', { skip: missingPart('nginx') }, async (t) => {
  const setting = await startInstances(t)
  await startNginxServer(t, setting.port, `upstream gateways {
    ${setting.instances.map(({ port }) => `server 127.0.0.1:${port} max_fails=0;`).join('\n    ')}
    keepalive 16;
  }
  server {
    listen 127.0.0.1:${setting.port};
    location / {
      proxy_pass http://gateways;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $http_host;
    }
  }`)
  const { lost, codes } = await restartUnderLoad(t, setting, { requests: 20_000 })
  t.strictSame({ lost, codes }, { lost: [], codes: [0, 0] })
})

test('HAProxy, which asks /readyz: nor one with a body, which nobody may send twice', { skip: missingPart('haproxy') }, async (t) => {
  const setting = await startInstances(t)
  await startHaproxy(t, setting.port, [
    'option httpchk GET /readyz',
    ...setting.instances.map(({ port, adminPort }, index) => `server gateway${index} 127.0.0.1:${port} check port ${adminPort} inter 100ms fall 1 rise 1`)
  ])
  const { lost, codes } = await restartUnderLoad(t, setting, { requests: 10_000, bodyOf: (number) => number % 2 === 0 ? undefined : 'x'.repeat(number % 3_000) })
  t.strictSame({ lost, codes }, { lost: [], codes: [0, 0] })
})
