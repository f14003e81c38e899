/** In this order, as most browsers also name those that they descend from. */
const BROWSERS = [
  ["Edg", "Edge"],
  ["OPR", "Opera"],
  ["Firefox", "Firefox"],
  ["Chrome", "Chrome"],
  ["Safari", "Safari"],
] as const

const SYSTEMS = [
  ["Android", "Android"],
  ["iPhone", "iPhone"],
  ["iPad", "iPad"],
  ["Windows", "Windows"],
  ["Mac OS X", "macOS"],
  ["Linux", "Linux"],
] as const

/** What a person would call the program that sends this `User-Agent`: "Firefox on Linux". */
export function browserName(userAgent = ""): string {
  const browser = BROWSERS.find(([token]) => userAgent.includes(`${token}/`))?.[1]
  if (!browser) return userAgent.split(/[ /]/, 1)[0]?.slice(0, 40) || "Unknown browser"
  const system = SYSTEMS.find(([token]) => userAgent.includes(token))?.[1]
  return system ? `${browser} on ${system}` : browser
}
