import { SessionError } from "../contract/errors.ts"

/** Up to which moment a user's sessions are over: those that began at `until` or before, but for one, which has its own. */
export interface LoginCut {
  /** In ms since 1970. */
  readonly until: number
  readonly except?: { readonly id: string; readonly until: number }
}

export const NO_CUT: LoginCut = { until: 0 }

/** The cut after one more, which spares `except`, but not from what an earlier one has ended. It only ever grows. */
export function cutAfter(before: LoginCut, until: number, except?: string): LoginCut {
  const later = Math.max(until, before.until + 1)
  return except === undefined
    ? { until: later }
    : { until: later, except: { id: except, until: cutFor(before, except) } }
}

/** Whether the cut ended the session of this id that began then. */
export const isCut = (cut: LoginCut, id: string, began: number): boolean => began <= cutFor(cut, id)

const cutFor = ({ until, except }: LoginCut, id: string): number => (except?.id === id ? except.until : until)

export const writeCut = (cut: LoginCut): string => JSON.stringify(cut)

/** Throws `ERR_SESSION_STORE_CORRUPT` for what cannot be read: a cut must not be passed over. */
export function readCut(text: string | undefined): LoginCut {
  try {
    const { until, except }: { until: unknown; except?: { id: unknown; until: unknown } } = JSON.parse(
      text ?? "",
    )
    if (typeof until === "number" && except === undefined) return { until }
    if (typeof until === "number" && typeof except?.id === "string" && typeof except.until === "number")
      return { until, except: { id: except.id, until: except.until } }
  } catch (error) {
    throw unreadable(error)
  }
  throw unreadable()
}

const unreadable = (cause?: unknown): SessionError =>
  new SessionError(
    "ERR_SESSION_STORE_CORRUPT",
    "an entry of the revocation list cannot be read: give the list a store of its own, and restore it from a backup",
    cause,
  )
