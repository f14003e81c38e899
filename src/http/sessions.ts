import { SessionError } from "../contract/errors.ts"
import type { SessionStore } from "../contract/store.ts"
import { SessionManager } from "../core/manager.ts"
import type { ManagerOptions } from "../core/options.ts"
import type { UnsafeRequest } from "./csrf/origin.ts"
import { Edge, type EdgeOptions } from "./edge.ts"

/** A manager with all that an adapter needs to serve its sessions over HTTP. */
export class Sessions<Data extends object = Record<string, unknown>> extends SessionManager<Data> {
  readonly edge: Edge

  constructor(store: SessionStore, options: ManagerOptions<Data> & EdgeOptions = {}) {
    const { cookie, trustProxy, csrf, token, keys, ...managing } = options
    const edge = new Edge(given({ cookie, trustProxy, csrf, token, keys }), options.now)
    super(store, managing)
    this.edge = edge
  }

  /** Refuses an unsafe request from another site: `ERR_SESSION_CROSS_ORIGIN` (ASVS 3.5.1), unless only a report is asked for. */
  assertSameOrigin(request: UnsafeRequest): void {
    const check = this.edge.originCheck
    if (!check || check.allows(request)) return
    const { method, origin } = request
    this.report("crossOrigin", { method, path: request.url.split("?", 1)[0] ?? "", origin })
    if (check.reportOnly) return
    throw new SessionError(
      "ERR_SESSION_CROSS_ORIGIN",
      `this ${method} came from a page of ${origin ?? "another site"}: if that site may send it, name it in csrf.trustedOrigins`,
    )
  }
}

/** The options that are not `undefined`. */
function given<Options extends object>(
  options: { [Name in keyof Options]: Options[Name] | undefined },
): Partial<Options> {
  return Object.fromEntries(
    Object.entries(options).filter(([, value]) => value !== undefined),
  ) as Partial<Options>
}
