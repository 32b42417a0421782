import { type GroupSource, type GroupSourceSettings } from './group-source.ts'
import { createEntraGroups, type EntraParts } from './group-source-entra.ts'
import { createGoogleGroups } from './group-source-google.ts'

/** The directory that the settings name. @throws {ClientKeyError} for a key file that is none */
export function createGroupSource (settings: GroupSourceSettings, parts: EntraParts): GroupSource | undefined {
  switch (settings.kind) {
    case 'none': return undefined
    case 'entra': return createEntraGroups(settings, parts)
    case 'google': return createGoogleGroups(settings, parts)
  }
}
