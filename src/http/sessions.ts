import type { SessionStore } from "../contract/store.ts"
import { SessionManager } from "../core/manager.ts"
import type { ManagerOptions } from "../core/options.ts"
import type { Session } from "../core/session.ts"
import type { UnsafeRequest } from "./csrf/origin.ts"
import { Edge, type EdgeOptions } from "./edge.ts"
import type { HttpSessions } from "./http-sessions.ts"

/** A manager with all that an adapter needs to serve its sessions over HTTP. */
export class Sessions<Data extends object = Record<string, unknown>>
  extends SessionManager<Data>
  implements HttpSessions<Session<Data>>
{
  readonly edge: Edge

  constructor(store: SessionStore, options: ManagerOptions<Data> & EdgeOptions = {}) {
    const { cookie, trustProxy, csrf, token, keys, ...managing } = options
    const edge = new Edge(given({ cookie, trustProxy, csrf, token, keys }), options.now)
    super(store, managing)
    this.edge = edge
  }

  assertSameOrigin(request: UnsafeRequest): void {
    this.edge.assertSameOrigin(request, event => this.report("crossOrigin", event))
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
