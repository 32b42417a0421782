import { z } from 'zod'
import { ownClaims, ownGroups } from './schema-mapping.ts'
import { providerSection } from './schema-provider.ts'

/** The parsed value is in lower case, and in Punycode where it is not ASCII (RFC 5890). */
export const emailDomain = z.string()
  .refine(isEmailDomain, { error: 'expected the part of an e-mail address behind the @, such as example.com', abort: true })
  .transform((text) => new URL(`http://${text}`).host)
  .meta({ title: 'domain' })

function isEmailDomain (text: string): boolean {
  const host = /[\s@/?#:%\\]/.test(text) ? undefined : URL.parse(`http://${text}`)?.host
  return host !== undefined && /^([a-z0-9-]+\.)+[a-z][a-z0-9-]*$/.test(host)
}

const providerEntry = z.strictObject({
  ...providerSection.shape,
  emailDomains: z.array(emailDomain).prefault([])
    .describe('Whoever gives an e-mail address of one of these domains on the chooser page signs in here. A domain below it is another one.'),
  claims: ownClaims,
  groups: ownGroups
})

type Entries = ReadonlyArray<z.output<typeof providerEntry>>

export const providersSection = z.array(providerEntry).min(1, { error: 'expected at least one provider' })
  .superRefine((entries, context) => {
    refuseRepeated(entries, 'id', (id) => `${id} is the id of an earlier provider already`, context)
    refuseRepeated(entries, 'label', (label) => `${label} is the label of an earlier provider already; people could not tell the two apart`, context)
    refuseSharedDomains(entries, context)
  })
  .default([])
  .describe('Several providers, of which people choose one; in place of `provider`.')

function refuseRepeated (entries: Entries, key: 'id' | 'label', words: (value: string) => string, context: z.RefinementCtx): void {
  entries.forEach((entry, index) => {
    const isTaken = entries.findIndex((other) => other[key] === entry[key]) < index
    if (isTaken) context.addIssue({ code: 'custom', path: [index, key], message: words(entry[key]) })
  })
}

/** An address must not lead to two providers. */
function refuseSharedDomains (entries: Entries, context: z.RefinementCtx): void {
  const owners = new Map<string, string>()
  entries.forEach(({ id, emailDomains }, index) => {
    emailDomains.forEach((domain, position) => {
      const owner = owners.get(domain)
      if (owner === undefined) owners.set(domain, id)
      else context.addIssue({ code: 'custom', path: [index, 'emailDomains', position], message: `${domain} leads to ${owner} already` })
    })
  })
}
