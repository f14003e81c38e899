import type { Handler } from "express"
import { type ExpressData, guard } from "../../src/adapters/express.ts"
import {
  type Duration,
  type Guard,
  type RateLimitBy,
  rateLimit,
  requireCsrfToken,
  requireFresh,
  requireStamp,
  requireUser,
  type Sessions,
} from "../../src/index.ts"
import { field } from "./form.ts"
import { errorPage } from "./pages/error.ts"
import { pageFor } from "./show.ts"
import { findUser } from "./users.ts"

type ShopGuard = Guard<ExpressData>

/** Whoever is turned away sees a page of the shop, not the JSON that is meant for programs. */
const withPage =
  (turnsAway: ShopGuard): ShopGuard =>
  async (session, request) => {
    const refusal = await turnsAway(session, request)
    if (!refusal || refusal.status < 400) return refusal
    const { status, headers } = refusal
    const page = errorPage(status, Number(headers["Retry-After"]))
    return {
      status,
      headers: { ...headers, "Content-Type": "text/html; charset=utf-8" },
      body: pageFor(session, page),
    }
  }

const ofUsers =
  (turnsAway: ShopGuard): ShopGuard =>
  (session, request) =>
    session.userId === undefined ? undefined : turnsAway(session, request)

const formToken = withPage(requireCsrfToken())
const currentPassword: ShopGuard = requireStamp(({ userId = "" }) => findUser(userId)?.stamp, {
  loginPage: "/login",
})

/** Asked of each request of a user: a login under the password of today, and the token with every form. */
export const protectUsers: Handler = guard(ofUsers(currentPassword), ofUsers(formToken))

/** Asks for the token of visitors too, so that no other site logs them in under a name of its own. */
export const requireToken: Handler = guard(formToken)

export const requireLogin: Handler = guard(requireUser({ loginPage: "/login" }))

const freshWithin = (within: Duration): ShopGuard =>
  requireFresh({ within, methods: ["pwd"], loginPage: "/confirm" })
const freshPage = freshWithin("5m")
/** Whoever has been let in to a page has the time to fill in its form. */
const freshForm = freshWithin("20m")

/** Asks for the password once more, unless it was given lately (ASVS 7.5.1, 7.5.2). */
export const requirePassword: Handler = guard<ExpressData>((session, request) =>
  (request.method === "GET" ? freshPage : freshForm)(session, request),
)

const account: RateLimitBy<ExpressData> = ({ session, request }) =>
  session.userId ?? field(request, "user").toLowerCase()

/** How often a password may be tried in a quarter of an hour: for one account, and by one address for all of them. */
export function limitAttempts(sessions: Sessions, attempts: number): Handler {
  return guard(
    withPage(
      rateLimit({
        sessions,
        limits: [
          { name: "account", limit: attempts, window: "15m", by: account },
          { name: "address", limit: 5 * attempts, window: "15m", by: "address" },
        ],
      }),
    ),
  )
}
