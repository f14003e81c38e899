import type { HijackAnswer } from "./client-signals.ts"
import type { ManagerContext } from "./context.ts"
import type { Limits } from "./limits.ts"

/** What is in force of a manager's options, defaults included. Times are in words, such as `1 hour 30 minutes`. */
export interface ManagerPolicy {
  readonly idleTimeout: string
  readonly absoluteTimeout: string
  /** Whether the client keeps a session when it ends, unless a login says otherwise. */
  readonly persistent: boolean
  readonly rotation: {
    /** `undefined`: at login and `rotate()` only. */
    readonly every: string | undefined
    readonly grace: string
  }
  readonly users: {
    /** `undefined`: as many as they like. */
    readonly maxSessions: number | undefined
    readonly atLimit: "evict-oldest" | "refuse" | undefined
  }
  readonly hijack: { readonly userAgent: HijackAnswer | "off"; readonly address: HijackAnswer | "off" }
  readonly atRest: "clear" | "encrypted"
  readonly storeTimeout: string
  readonly onStoreFailure: "fail" | "anonymous"
  readonly limits: Limits
}

export function managerPolicy(context: ManagerContext): ManagerPolicy {
  const { hijack, lifetimes, rotateEvery, userLimit } = context
  return {
    idleTimeout: inWords(lifetimes.idleTimeout),
    absoluteTimeout: inWords(lifetimes.absoluteTimeout),
    persistent: lifetimes.persistent,
    rotation: {
      every: rotateEvery === undefined ? undefined : inWords(rotateEvery),
      grace: inWords(context.rotationGrace),
    },
    users: { maxSessions: userLimit?.max, atLimit: userLimit?.onExceed },
    hijack: { userAgent: hijack?.userAgent ?? "off", address: hijack?.address ?? "off" },
    atRest: context.encryptsAtRest ? "encrypted" : "clear",
    storeTimeout: inWords(context.storeTimeout),
    onStoreFailure: context.onStoreFailure,
    limits: { ...context.rules.limits },
  }
}

const UNITS = [
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
  ["second", 1_000],
  ["millisecond", 1],
] as const

/** Milliseconds as a person says them: `1 hour 30 minutes`. */
export function inWords(milliseconds: number): string {
  const words: string[] = []
  let rest = milliseconds
  for (const [unit, length] of UNITS) {
    const count = Math.floor(rest / length)
    if (count > 0) words.push(`${count} ${unit}${count === 1 ? "" : "s"}`)
    rest -= count * length
  }
  return words.join(" ") || "0 milliseconds"
}
