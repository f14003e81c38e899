import { type Handler, Router } from "express"
import { type LoginOptions, safeReturnPath } from "../../../src/index.ts"
import { field, tokenField } from "../form.ts"
import { requireToken } from "../guards.ts"
import { loginPage } from "../pages/login.ts"
import { show } from "../show.ts"
import { authenticate } from "../users.ts"

/** "Keep me signed in": the cookie outlives the browser, and the session two weeks without a visit. */
const REMEMBERED: LoginOptions = { persistent: true, idleTimeout: "14d", absoluteTimeout: "90d" }

export function account(limited: Handler): Router {
  const router = Router()

  router.get("/login", (request, response) => {
    const { session } = request
    const returnTo = safeReturnPath(request.query["returnTo"])
    if (session.userId !== undefined) response.redirect(303, returnTo)
    else show(request, response, loginPage(returnTo, tokenField(session)))
  })

  router.post("/login", requireToken, limited, async (request, response) => {
    const { session } = request
    const returnTo = safeReturnPath(field(request, "returnTo"))
    const user = await authenticate(field(request, "user"), field(request, "password"))
    if (!user) {
      // One message for both, so that it tells nobody who has an account.
      session.flash("The user name or the password is wrong.", "error")
      return response.redirect(303, `/login?${new URLSearchParams({ returnTo })}`)
    }
    const remembered = field(request, "remember") === "yes"
    await session.login(user.id, { methods: ["pwd"], stamp: user.stamp, ...(remembered && REMEMBERED) })
    session.flash(`Welcome, ${user.name}.`, "success")
    response.redirect(303, returnTo)
  })

  router.post("/logout", async (request, response) => {
    await request.session.logout()
    // Begins a new session, which belongs to nobody.
    request.session.flash("You are logged out.")
    response.redirect(303, "/login")
  })

  return router
}
