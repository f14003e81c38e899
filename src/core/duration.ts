import { SessionError } from "../contract/errors.ts"

const UNITS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
type Unit = keyof typeof UNITS

/** A number of milliseconds, or a text such as `"500ms"`, `"30s"`, `"30m"`, `"12h"`, `"14d"`. */
export type Duration = number | `${number}${Unit}`

/** The duration in milliseconds. Anything but a positive, finite duration throws `ERR_SESSION_CONFIG`. */
export function milliseconds(duration: Duration, option: string): number {
  const value = typeof duration === "string" ? parse(duration) : duration
  if (typeof value === "number" && Number.isFinite(value) && value > 0) return Math.round(value)
  throw new SessionError(
    "ERR_SESSION_CONFIG",
    `${option} is ${JSON.stringify(duration)}, which is no duration: give milliseconds, or text such as "30m" or "14d"`,
  )
}

function parse(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text)
  return match ? Number(match[1]) * UNITS[match[2] as Unit] : Number.NaN
}
