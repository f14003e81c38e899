/** Node's and jose's codes for keys that could not be fetched; `ERR_JOSE_GENERIC`: an answer other than 200, or no JSON. */
const CODES =
  /^(ECONN\w+|E(HOST|NET)(UNREACH|DOWN)|ENOTFOUND|EAI_\w+|EPIPE|ETIMEDOUT|UND_ERR_\w+|ERR_JWKS_TIMEOUT|ERR_JWKS_INVALID|ERR_JOSE_GENERIC)$/
const NAMES = new Set(["TimeoutError", "AbortError"])
const MAX_CAUSES = 8

/** Whether the provider's keys could not be had, so that nothing is known of the token; told by the error or one of its causes. */
export function isOutage(error: unknown): boolean {
  let each = error
  for (let depth = 0; depth < MAX_CAUSES && typeof each === "object" && each !== null; depth++) {
    if (isUnreachable(each)) return true
    each = "cause" in each ? each.cause : undefined
  }
  return false
}

function isUnreachable(error: object): boolean {
  if ("code" in error && typeof error.code === "string" && CODES.test(error.code)) return true
  if (!(error instanceof Error)) return false
  return NAMES.has(error.name) || (error instanceof TypeError && error.message === "fetch failed")
}
