import type { Change } from "../../contract/change.ts"
import { SessionError } from "../../contract/errors.ts"
import { ShapeError } from "../json-shape.ts"
import { changeFromJson, changeToJson } from "./change-json.ts"
import { type WrittenEntry, writtenRemoval } from "./journal-entry.ts"

/** A change that the file can carry. */
export interface Recordable extends WrittenEntry {
  readonly change: Change
}

/**
 * The change as it will be read back from the file, so that memory and file cannot differ, whoever holds on to the
 * objects that were given.
 *
 * @throws SessionError `ERR_SESSION_INVALID_ARGUMENT` for what the file could not carry
 */
export function recordable(change: Change): Recordable {
  if (change.kind === "revoke") return { change, ...writtenRemoval({ kind: "remove", ids: [change.id] }) }
  try {
    const json = changeToJson(change)
    const entry = changeFromJson(json)
    return { change: entry, entry, json }
  } catch (error) {
    if (!(error instanceof ShapeError || error instanceof TypeError)) throw error
    throw new SessionError(
      "ERR_SESSION_INVALID_ARGUMENT",
      `A change of kind "${String(change.kind)}" has a field of a wrong type (${error.message}): nothing was changed. ` +
        "Times and counters are finite numbers; see the type Change.",
      error,
    )
  }
}

/** The promise, unless the signal comes first. What was begun goes on: whether it will be stored is then unknown. */
export async function unlessAborted<Result>(
  result: Promise<Result>,
  signal: AbortSignal | undefined,
): Promise<Result> {
  if (!signal) return result
  let stopListening = () => {}
  const aborted = new Promise<never>((_, reject) => {
    const onAbort = () => reject(timedOut(signal))
    signal.addEventListener("abort", onAbort, { once: true })
    stopListening = () => signal.removeEventListener("abort", onAbort)
  })
  try {
    return await Promise.race([result, aborted])
  } finally {
    stopListening()
  }
}

/** @throws SessionError `ERR_SESSION_STORE_TIMEOUT` */
export function assertNotAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw timedOut(signal)
}

const timedOut = (signal: AbortSignal): SessionError =>
  new SessionError(
    "ERR_SESSION_STORE_TIMEOUT",
    "The call was aborted before the file store had answered: the disk is slow, or the deadline short.",
    signal.reason,
  )
