import { SessionError } from "../contract/errors.ts"
import { isCaching, type SessionStore } from "../contract/store.ts"
import { SessionManager } from "../core/manager.ts"
import type { ManagerOptions } from "../core/options.ts"
import type { ManagerPolicy } from "../core/policy.ts"
import type { Session } from "../core/session.ts"
import type { UnsafeRequest } from "./csrf/origin.ts"
import { Edge, type EdgeOptions } from "./edge.ts"
import type { HttpSessions } from "./http-sessions.ts"
import { edgePolicy, type SessionPolicy, storeKind } from "./policy/policy.ts"

/** A manager with all that an adapter needs to serve its sessions over HTTP. */
export class Sessions<Data extends object = Record<string, unknown>>
  extends SessionManager<Data>
  implements HttpSessions<Session<Data>>
{
  readonly edge: Edge
  readonly #policy: Omit<SessionPolicy, keyof ManagerPolicy>

  /** `kind` is what the policy calls the store. */
  constructor(
    store: SessionStore,
    options: ManagerOptions<Data> & EdgeOptions = {},
    kind = storeKind(store),
  ) {
    const { cookie, trustProxy, csrf, token, keys, clearSiteData, carriers, issueBy, ...managing } = options
    const edging = given({ cookie, trustProxy, csrf, token, keys, clearSiteData, carriers, issueBy })
    const edge = new Edge(edging, options.now, undefined, isCaching(store))
    if (options.encryptAtRest === true && edge.carriers.kinds.includes("url")) throw keyInUrls()
    super(store, managing)
    this.edge = edge
    this.#policy = { store: kind, nearCache: isCaching(store), ...edgePolicy(edge, edging) }
  }

  /** How sessions are handled, defaults included (ASVS 7.1.1, 7.1.2). It has neither keys nor credentials; see `policyPage`. */
  policy(): SessionPolicy {
    return { ...this.#policy, ...this.managerPolicy() }
  }

  assertSameOrigin(request: UnsafeRequest): void {
    this.edge.assertSameOrigin(request, event => this.report("crossOrigin", event))
  }
}

const keyInUrls = (): SessionError =>
  new SessionError(
    "ERR_SESSION_CONFIG",
    "encryptAtRest makes the token the key to the session's data, and tokens in URLs are seen by many: " +
      "leave one of the two out",
  )

/** The options that are not `undefined`. */
function given<Options extends object>(
  options: { [Name in keyof Options]: Options[Name] | undefined },
): Partial<Options> {
  return Object.fromEntries(
    Object.entries(options).filter(([, value]) => value !== undefined),
  ) as Partial<Options>
}
