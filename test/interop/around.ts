/** What every test with Keycloak needs once: Keycloak with the realm, and Chromium. */
import { type Browser } from 'playwright-core'
import { type Test } from 'tap'
import { startChromium } from '../flows/visit.ts'
import { missingPart } from '../support/parts.ts'
import { createCompany } from './company.ts'
import { type Keycloak, startKeycloak } from './keycloak.ts'

export interface Around {
  readonly keycloak: Keycloak
  readonly issuer: string
  readonly chromium: Browser
}

/** The reason to skip, or false. */
export function missingAround (): string | false {
  return missingPart('java') || missingPart('mvn') || missingPart('chromium')
}

/** Starts all of it, once for a file of tests; it ends with the test given. */
export async function startAround (t: Test): Promise<Around> {
  const keycloak = await startKeycloak(t)
  return { keycloak, issuer: await createCompany(keycloak), chromium: await startChromium(t) }
}
