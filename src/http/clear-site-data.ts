import { SessionError } from "../contract/errors.ts"

/** What a browser can be told to forget of the site (W3C Clear Site Data). */
export type SiteData = (typeof DIRECTIVES)[number]

const DIRECTIVES = [
  "cache",
  "cookies",
  "storage",
  "executionContexts",
  "clientHints",
  "prefetchCache",
  "prerenderCache",
  "*",
] as const

/** The session's own cookie is deleted anyway; `cookies` would also take those of other hosts of the site. */
const DEFAULT: readonly SiteData[] = ["cache", "storage"]

/** The header's value; `undefined` when it is not wanted. An unknown directive throws `ERR_SESSION_CONFIG`. */
export function clearSiteDataHeader(
  option: boolean | readonly SiteData[] | undefined = false,
): string | undefined {
  if (option === false) return undefined
  const directives = option === true ? DEFAULT : option
  if (!Array.isArray(directives) || directives.length === 0) throw wrong(JSON.stringify(option))
  const unknown = directives.find(each => !DIRECTIVES.includes(each))
  if (unknown !== undefined) throw wrong(JSON.stringify(unknown))
  return directives.map(each => `"${each}"`).join(", ")
}

/** The same for an answer that sets a cookie, which the browser has to keep. */
export const withoutCookies = (header: string | undefined): string | undefined =>
  header
    ?.split(", ")
    .filter(directive => directive !== '"cookies"' && directive !== '"*"')
    .join(", ") || undefined

const wrong = (what: string): SessionError =>
  new SessionError(
    "ERR_SESSION_CONFIG",
    `clearSiteData: ${what} is nothing that a browser clears: give true, or a list of ${DIRECTIVES.join(", ")}`,
  )
