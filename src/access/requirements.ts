import { claimConditions, emailDomainCondition } from './claim-conditions.ts'
import { type Asker, certain, type Condition, every, negated, some } from './condition.ts'
import { type Conditions } from './decision.ts'
import { attributeConditions, membershipCondition } from './granted-conditions.ts'

/** Compiles demands to a check that returns those which somebody does not meet, or undefined when they meet all. */
export function compileRequirements (required: Conditions): (asker: Asker) => Conditions | undefined {
  const { holds, unmet } = compile(required)
  return (asker) => holds(asker) ? undefined : unmet(asker)
}

/** One condition for each kind given. What is not met of each is a part of its own, under the name of the kind. */
function compile (required: Conditions): Condition {
  const { roles, groups, organizations, projects, attributes, providers, emailDomains, claims, all, any, not } = required
  const foldedGroups = new Set(groups?.map((group) => group.toLowerCase()))
  const parts = [
    roles && certain(({ identity }) => roles.some((role) => identity.roles.includes(role)), { roles }),
    groups && certain(({ identity }) => identity.groups.some((group) => foldedGroups.has(group.toLowerCase())), { groups }),
    organizations && membershipCondition('organizations', organizations),
    projects && membershipCondition('projects', projects),
    attributes && attributeConditions(attributes),
    providers && certain(({ identity }) => providers.includes(identity.provider), { providers }),
    emailDomains && emailDomainCondition(emailDomains),
    claims && claimConditions(claims),
    all && every(all.map(compile), (unmet) => ({ all: unmet })),
    any && some(any.map(compile), (unmet) => ({ any: unmet })),
    not && negated(compile(not), { not })
  ]
  return every(parts.filter((part) => part !== undefined), (unmet) => Object.assign({}, ...unmet) as Conditions)
}
