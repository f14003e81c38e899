import type { IncomingMessage, ServerResponse } from "node:http"
import express from "express"
import { guard, session as sessionMiddleware } from "../../../src/adapters/express.ts"
import { fetchSession, guarded } from "../../../src/adapters/fetch.ts"
import { admit, withSession } from "../../../src/adapters/node.ts"
import type { Session } from "../../../src/core/session.ts"
import type { Guard } from "../../../src/http/guards/guard.ts"
import type { HttpSessions } from "../../../src/http/http-sessions.ts"
import { type Served, serve } from "../../adapters/served.ts"

type Data = Record<string, unknown>
type Act = (session: Session, path: string) => Promise<string> | string

/** One application, behind guards from `/guarded` on, served over http by each adapter. */
export const ADAPTERS: Readonly<
  Record<
    string,
    (sessions: HttpSessions<Session>, guards: readonly Guard<Data>[], act: Act) => Promise<Served>
  >
> = {
  "node:http": (sessions, guards, act) =>
    serve(
      withSession(sessions, async (request, response, session) => {
        const path = request.url ?? ""
        if (path.startsWith("/guarded") && !(await admit(request, response, session, guards))) return
        response.end(await act(session, path))
      }),
    ),
  express: (sessions, guards, act) => {
    const app = express()
    app.use(sessionMiddleware(sessions))
    app.use("/guarded", guard<Data>(...guards))
    app.use(async (request, response) => {
      response.send(await act(request.session, request.path))
    })
    return serve(app)
  },
  fetch: (sessions, guards, act) => {
    const answer = async (request: Request, session: Session) =>
      new Response(await act(session, new URL(request.url).pathname))
    const open = fetchSession(sessions, answer)
    const closed = fetchSession(sessions, guarded(guards, answer))
    return serve(async (request: IncomingMessage, response: ServerResponse) => {
      const path = request.url ?? ""
      const handle = path.startsWith("/guarded") ? closed : open
      const url = `http://${request.headers.host}${path}`
      const { accept = "", cookie = "" } = request.headers
      const answered = await handle(new Request(url, { headers: { accept, cookie } }))
      response.writeHead(answered.status, [...answered.headers].flat())
      response.end(await answered.text())
    })
  },
}

/** A browser's share: one cookie, and redirects that are looked at. */
export class Client {
  cookie = ""
  readonly #served: Served

  constructor(served: Served) {
    this.#served = served
  }

  async get(path: string, headers: Record<string, string> = {}): Promise<Response> {
    const { cookie } = this
    const response = await fetch(this.#served.origin + path, {
      headers: { cookie, ...headers },
      redirect: "manual",
    })
    this.cookie = response.headers.getSetCookie()[0]?.split(";", 1)[0] ?? cookie
    return response
  }
}
