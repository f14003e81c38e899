import { createServer } from "node:http"
import { fetchSession } from "../../../src/adapters/fetch.ts"
import { withSession } from "../../../src/adapters/node.ts"
import type { Session } from "../../../src/core/session.ts"
import type { EdgeOptions } from "../../../src/http/edge.ts"
import { issuedToken, type ManagerOptions, Sessions, sessionUrl } from "../../../src/index.ts"
import { createMemoryStore } from "../../../src/stores/memory/index.ts"
import { Served } from "../../adapters/served.ts"

export type Options = ManagerOptions & EdgeOptions
export type Ask = (path: string, method?: string, headers?: Record<string, string>) => Promise<Response>

/** What the application of these tests does: logs in, logs out, or tells who is there. */
async function answered(path: string, session: Session): Promise<string> {
  if (path.startsWith("/login")) await session.login("anna")
  if (path.startsWith("/logout")) await session.logout()
  if (path.startsWith("/set")) session.set("a", 1)
  const { userId = "nobody" } = session
  return JSON.stringify({
    userId,
    token: issuedToken(session),
    link: sessionUrl(session, "/next?page=2#top"),
    away: sessionUrl(session, "https://evil.example/"),
  })
}

const ORIGIN = "https://shop.example"

/** The same application over the adapters. */
export const adapters = {
  fetch: async (sessions: Sessions, use: (ask: Ask) => Promise<void>) => {
    const handle = fetchSession(
      sessions,
      async (request, session) => new Response(await answered(new URL(request.url).pathname, session)),
      { onError: () => {} },
    )
    await use((path, method = "GET", headers = {}) => handle(new Request(ORIGIN + path, { method, headers })))
  },
  node: async (sessions: Sessions, use: (ask: Ask) => Promise<void>) => {
    const server = createServer(
      withSession(
        sessions,
        async (request, response, session) => void response.end(await answered(request.url ?? "", session)),
        { onError: () => {} },
      ),
    )
    await using served = await Served.at(server, () => server.closeAllConnections())
    await use((path, method = "GET", headers = {}) => fetch(served.origin + path, { method, headers }))
  },
}

export const sessionsWith = (options: Options): Sessions =>
  new Sessions(createMemoryStore(), { sweepInterval: false, ...options })

/** What the application told. */
export const told = async (response: Response): Promise<Record<string, string | undefined>> =>
  JSON.parse(await response.text())

export const cookieOf = (response: Response): string =>
  response.headers.getSetCookie()[0]?.split(";", 1)[0] ?? ""
