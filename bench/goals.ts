/** What Doorward is to reach. All of it is compared within one run: absolute figures are those of a machine. */
export interface Goal {
  readonly about: string
  readonly unit: '×' | 'ms' | 'MiB' | ''
  readonly most: number
  /** `undefined` where something that it takes was not measured. */
  readonly measured: number | undefined
  readonly isMet: boolean | undefined
}

export function judge (about: string, unit: Goal['unit'], most: number, measured: number | undefined): Goal {
  return { about, unit, most, measured, isMet: measured === undefined ? undefined : measured <= most }
}
