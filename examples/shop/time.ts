import { type Html, html } from "./html.ts"

const UNITS = [
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
] as const

const RELATIVE = new Intl.RelativeTimeFormat("en")

/** A time as the reader sees it, wherever they are: "3 minutes ago". */
export function ago(time: number, now: number): Html {
  const passed = now - time
  const [unit, length] = UNITS.find(([, length]) => passed >= length) ?? []
  const text = unit ? RELATIVE.format(-Math.floor(passed / length), unit) : "just now"
  return html`<time datetime="${new Date(time).toISOString()}">${text}</time>`
}
