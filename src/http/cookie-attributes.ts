import type { ResolvedCookie } from "./cookie-options.ts"

/** What stands before the attributes of a cookie that the browser is to forget. */
export const EXPIRED = "; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT"

const SAME_SITE = { strict: "Strict", lax: "Lax", none: "None" } as const

/** All attributes but the age and `Secure`, which may depend on the connection. */
export function attributesOf({ path, domain, sameSite, partitioned }: ResolvedCookie): string {
  const parts = [`Path=${path}`, "HttpOnly", `SameSite=${SAME_SITE[sameSite]}`]
  if (domain !== undefined) parts.push(`Domain=${domain}`)
  if (partitioned) parts.push("Partitioned")
  return `; ${parts.join("; ")}`
}

export const secureAttribute = ({ secure }: ResolvedCookie, secureConnection: boolean): string =>
  secure === true || (secure === "auto" && secureConnection) ? "; Secure" : ""
