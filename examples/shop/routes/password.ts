import { type Handler, Router } from "express"
import { safeReturnPath } from "../../../src/index.ts"
import { field, tokenField } from "../form.ts"
import { requireLogin, requirePassword } from "../guards.ts"
import { confirmPage } from "../pages/confirm.ts"
import { MAX_LENGTH, MIN_LENGTH, passwordPage } from "../pages/password.ts"
import { show } from "../show.ts"
import { signedOut } from "../signed-out.ts"
import { authenticate, changePassword, findUser } from "../users.ts"

export function password(limited: Handler): Router {
  const router = Router()
  router.use(["/confirm", "/password"], requireLogin)
  router.use("/password", requirePassword)

  router.get("/confirm", (request, response) => {
    const { session } = request
    const returnTo = safeReturnPath(request.query["returnTo"])
    show(request, response, confirmPage(session.userId ?? "", returnTo, tokenField(session)))
  })

  router.post("/confirm", limited, async (request, response) => {
    const { session } = request
    const returnTo = safeReturnPath(field(request, "returnTo"))
    const user = await authenticate(session.userId ?? "", field(request, "password"))
    if (!user) {
      session.flash("The password is wrong.", "error")
      return response.redirect(303, `/confirm?${new URLSearchParams({ returnTo })}`)
    }
    await session.stepUp({ methods: ["pwd"], stamp: user.stamp })
    response.redirect(303, returnTo)
  })

  router.get("/password", (request, response) => {
    const { session } = request
    show(request, response, passwordPage(session.userId ?? "", tokenField(session)))
  })

  router.post("/password", async (request, response, next) => {
    const { session } = request
    const user = findUser(session.userId ?? "")
    if (!user) return next()
    const chosen = field(request, "password")
    const fault = faultOf(chosen, field(request, "again"))
    if (fault) {
      session.flash(fault, "error")
      return response.redirect(303, "/password")
    }
    const { stamp } = await changePassword(user, chosen)
    // This session goes on under the new password, with a new secret. The others end now.
    await session.stepUp({ methods: ["pwd"], stamp })
    const others = await session.revokeOthers()
    session.flash(`Your password is changed. ${signedOut(others)}`, "success")
    response.redirect(303, "/devices")
  })

  return router
}

function faultOf(chosen: string, again: string): string | undefined {
  if (chosen.length < MIN_LENGTH) return `Choose a password of at least ${MIN_LENGTH} characters.`
  if (chosen.length > MAX_LENGTH) return `Choose a password of at most ${MAX_LENGTH} characters.`
  return chosen === again ? undefined : "The two passwords are not the same."
}
