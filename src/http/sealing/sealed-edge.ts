import { SessionError } from "../../contract/errors.ts"
import type { RecordSeal } from "../../core/sealed-opener.ts"
import { resolveCookie } from "../cookie-options.ts"
import { Edge, type EdgeOptions } from "../edge.ts"
import type { TokenProtection } from "../token-protection.ts"
import { checkedChunks } from "./chunks.ts"
import { recordSeal } from "./record-seal.ts"

/** How sealed sessions meet HTTP. */
export interface SealedEdgeOptions extends Omit<EdgeOptions, "token" | "keys" | "carriers" | "issueBy"> {
  /** The application's keys, newest first: each 32 random bytes as base64url, see `generateKey`. */
  readonly keys: readonly string[]
  /**
   * Over how many cookies a session may be spread, 1 to 3: `<name>`, `<name>.1`, `<name>.2`. Default 1. Of what it takes, the
   * default of `limits.maxSessionLength` follows: about 2,400, 5,000 and 7,800 characters.
   */
  readonly chunks?: number
  /**
   * Deflates a session before it is encrypted. Default `false`: the length of what was compressed tells how much of it is
   * alike, so that whoever chooses one value and sees the cookie's length can guess another (CRIME, BREACH). Only for sessions that
   * never hold a secret next to a text from somebody else.
   */
  readonly compress?: boolean
}

/** The edge and the seal of sealed sessions, and the options that are left for their manager. */
export function sealedEdge<Options extends SealedEdgeOptions & { readonly now?: () => number }>(
  options: Options,
): {
  readonly edge: Edge
  readonly seal: RecordSeal
  readonly managing: Omit<Options, keyof SealedEdgeOptions>
} {
  const {
    keys,
    cookie,
    csrf,
    trustProxy,
    clearSiteData,
    chunks: wanted,
    compress = false,
    ...managing
  } = options
  const chunks = checkedChunks(wanted)
  if (typeof compress !== "boolean") throw noFlag(compress)
  const edging: EdgeOptions = {
    ...(cookie && { cookie }),
    ...(csrf !== undefined && { csrf }),
    ...(trustProxy !== undefined && { trustProxy }),
    ...(clearSiteData !== undefined && { clearSiteData }),
  }
  const seal = recordSeal(keys, resolveCookie(cookie).name, { chunks, compress })
  return { edge: new Edge(edging, options.now, wholeSession(chunks)), seal, managing }
}

/** The seal is all the protection there is: the carrier passes the text on. */
const wholeSession = (chunks: number): TokenProtection => ({
  chunks,
  wrap: token => token,
  open: token => ({ token, stale: false }),
})

const noFlag = (compress: unknown): SessionError =>
  new SessionError("ERR_SESSION_CONFIG", `compress is ${JSON.stringify(compress)}: give true or false`)
