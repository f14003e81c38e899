import { Router } from "express"
import type { LoginOptions } from "../../../src/index.ts"
import { field } from "../form.ts"
import { loginPage } from "../pages/login.ts"
import { show } from "../show.ts"
import { authenticate } from "../users.ts"

/** "Keep me signed in": the cookie outlives the browser, and the session two weeks without a visit. */
const REMEMBERED: LoginOptions = { persistent: true, idleTimeout: "14d", absoluteTimeout: "90d" }

export function account(): Router {
  const router = Router()

  router.get("/login", (request, response) => {
    if (request.session.userId !== undefined) response.redirect(303, "/")
    else show(request, response, loginPage())
  })

  router.post("/login", async (request, response) => {
    const { session } = request
    const user = await authenticate(field(request, "user"), field(request, "password"))
    if (!user) {
      // One message for both, so that it tells nobody who has an account.
      session.flash("The user name or the password is wrong.", "error")
      return response.redirect(303, "/login")
    }
    const remembered = field(request, "remember") === "yes"
    await session.login(user.id, { methods: ["pwd"], ...(remembered && REMEMBERED) })
    session.flash(`Welcome, ${user.name}.`, "success")
    response.redirect(303, "/")
  })

  router.post("/logout", async (request, response) => {
    await request.session.logout()
    // Begins a new session, which belongs to nobody.
    request.session.flash("You are logged out.")
    response.redirect(303, "/login")
  })

  return router
}
