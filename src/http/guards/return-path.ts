/**
 * A path of this site to go back to after login; `otherwise` for anything that could lead elsewhere: another origin,
 * `//host`, backslashes, control characters, too long (CWE-601).
 */
export function safeReturnPath(path: unknown, otherwise = "/"): string {
  if (typeof path !== "string" || path.length > 2_048 || !path.startsWith("/")) return otherwise
  if (/^\/[/\\]|[\\\p{Cc}]/u.test(path)) return otherwise
  const base = "http://sojourn.invalid"
  if (!URL.canParse(path, base)) return otherwise
  const url = new URL(path, base)
  const target = url.pathname + url.search + url.hash
  return url.origin === base && !target.startsWith("//") ? target : otherwise
}

/** The login page's address, with the page to come back to in its query. */
export function withReturnPath(loginPage: string, parameter: string, path: string): string {
  const separator = loginPage.includes("?") ? "&" : "?"
  return `${loginPage}${separator}${parameter}=${encodeURIComponent(safeReturnPath(path))}`
}
