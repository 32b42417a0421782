import { randomBytes } from 'node:crypto'
import { type FormCookie, formLifetimeMilliseconds, type Seal, type Session, type Shelf } from '../sessions/index.ts'

/** A form that was posted without a session, as it is sent once there is one. */
export interface KeptForm {
  /** The request-target, byte by byte. */
  readonly target: string
  /** Name, value, name, value…: what of its header lines belongs to the form. */
  readonly headers: readonly string[]
  readonly body: Buffer
  /** Whose session it was that had ended; absent where nobody's is known. */
  readonly owner?: FormOwner | undefined
}

export interface FormOwner {
  readonly provider: string
  readonly sub: string
}

/** Whether somebody may send the form: whoever signed in, or who filled it in, where that is known. */
export function maySend ({ owner }: KeptForm, { identity }: Session): boolean {
  return owner === undefined || (owner.provider === identity.provider && owner.sub === identity.sub)
}

export interface KeptForms {
  /** Keeps a form for as long as a sign-in may take; returns its name, which nobody can guess. */
  put (form: KeptForm): Promise<string>
  /** The form, once. */
  take (name: string): Promise<KeptForm | undefined>
  readonly cookie: FormCookie
}

export interface KeptFormsParts {
  readonly shelf: Shelf
  /** What people wrote is nobody's business who can look into the shelf. */
  readonly seal: Seal
  readonly cookie: FormCookie
}

export function createKeptForms ({ shelf, seal, cookie }: KeptFormsParts): KeptForms {
  return {
    cookie,
    async put (form) {
      const name = randomBytes(16).toString('base64url')
      await shelf.put(name, seal.seal({ ...form, body: form.body.toString('base64') }), formLifetimeMilliseconds)
      return name
    },
    async take (name) {
      const sealed = await shelf.take(name)
      // What opens was sealed above.
      const kept = sealed === undefined ? undefined : seal.open(sealed) as (Omit<KeptForm, 'body'> & { readonly body: string }) | undefined
      return kept && { ...kept, body: Buffer.from(kept.body, 'base64') }
    }
  }
}
