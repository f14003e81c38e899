import type { RequestListener } from "node:http"
import express from "express"
import { guard, session as sessionMiddleware } from "../../../src/adapters/express.ts"
import { admit, withSession } from "../../../src/adapters/node.ts"
import { rateLimit } from "../../../src/http/rate-limit/rate-limit.ts"
import type { Sessions } from "../../../src/http/sessions.ts"

/** So many pages a day and address. */
export const ALLOWED = 100

const guardOf = (sessions: Sessions) =>
  rateLimit({ sessions, limits: [{ name: "pages", limit: ALLOWED, window: "1d", by: "address" }] })

/** Applications that limit their requests. */
export const limited: Readonly<Record<"express" | "node", (sessions: Sessions) => RequestListener>> = {
  express: sessions => {
    const app = express()
    app.use(sessionMiddleware(sessions), guard(guardOf(sessions)))
    app.get("/", (_request, response) => void response.send("page"))
    return app
  },
  node: sessions => {
    const limit = guardOf(sessions)
    return withSession(sessions, async (request, response, session) => {
      if (await admit(request, response, session, [limit])) response.end("page")
    })
  },
}
