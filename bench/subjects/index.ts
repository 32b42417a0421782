/**
 * What is compared: each a gateway in a process of its own, configured as it would be in production, on the same
 * upstream and the same provider.
 *
 * Owns how a subject is set up and signed in to. It does not own how it is measured (bench/measure.ts).
 */
import { type DemoProvider } from '../../demo/provider.ts'
import { type SubjectName } from '../options.ts'
import { type Program } from '../programs.ts'
import { type Upstream } from '../upstream.ts'
import { startApache } from './apache.ts'
import { startBareNode, startTellingNode } from './bare-node.ts'
import { startDoorward } from './doorward.ts'
import { startOauth2Proxy } from './oauth2-proxy.ts'

/** A gateway that runs; its process is the root of its tree. */
export interface Subject extends Program {
  readonly title: string
  /** On host localhost, as in the demo: the provider lives at another port of it. */
  readonly origin: string
  readonly port: number
  /** What the upstream must have been told: the person, or `nobody`, and whether there was an assertion. */
  readonly tells: { readonly user: string, readonly assertion: 'yes' | 'no' }
}

export interface SubjectParts {
  /** For configurations and logs; removed after the run. */
  readonly folder: string
  readonly upstream: Upstream
  readonly issuer: string
  readonly register: DemoProvider['register']
  /** Where Doorward leaves a profile of its time when it ends; `undefined`: none is made. */
  readonly profileFolder: string | undefined
}

/** `undefined` where the subject is not installed. */
export const startSubject: Readonly<Record<SubjectName, (parts: SubjectParts) => Promise<Subject | undefined>>> = {
  bare: startBareNode,
  'bare-lines': startTellingNode,
  doorward: startDoorward,
  'apache-cache': (parts) => startApache('apache-cache', 'server-cache', parts),
  'apache-cookie': (parts) => startApache('apache-cookie', 'client-cookie', parts),
  'oauth2-proxy': startOauth2Proxy
}
