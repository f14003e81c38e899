import { SessionError, type SessionErrorCode } from "../contract/errors.ts"

const UNITS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
type Unit = keyof typeof UNITS

/** A number of milliseconds, or a text such as `"500ms"`, `"30s"`, `"30m"`, `"12h"`, `"14d"`. */
export type Duration = number | `${number}${Unit}`

/** A hundred years: what is meant to last longer is a mistake, and would leave the range of exact numbers. */
const LONGEST = 36_525 * UNITS.d

/** The longest a timer of Node waits (2^31 - 1 ms, 24.8 days), less the jitter of a fifth. */
const LONGEST_TIMER = 20 * UNITS.d

/** The whole milliseconds, at least one. Anything that is no such duration throws; by default `ERR_SESSION_CONFIG`. */
export function milliseconds(
  duration: Duration,
  option: string,
  code: SessionErrorCode = "ERR_SESSION_CONFIG",
): number {
  const value = typeof duration === "string" ? parse(duration) : duration
  if (typeof value === "number" && value >= 0.5 && value <= LONGEST) return Math.round(value)
  const given = typeof duration === "string" ? JSON.stringify(duration) : String(duration)
  throw new SessionError(
    code,
    `${option} is ${given}, which is no duration: give milliseconds, or text such as "30m" or "14d", of at most 100 years`,
  )
}

/** The same for what a timer waits for. */
export function timerMilliseconds(duration: Duration, option: string): number {
  const delay = milliseconds(duration, option)
  if (delay <= LONGEST_TIMER) return delay
  throw new SessionError(
    "ERR_SESSION_CONFIG",
    `${option} is ${duration}, longer than a timer can wait: give at most 20 days`,
  )
}

function parse(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text)
  return match ? Number(match[1]) * UNITS[match[2] as Unit] : Number.NaN
}
