import { type NextFunction, type Request, type Response, Router } from "express"
import type { Sessions } from "../../../src/index.ts"
import { field } from "../form.ts"
import { devicesPage } from "../pages/devices.ts"
import { show } from "../show.ts"

export function devices(sessions: Sessions): Router {
  const router = Router()
  router.use("/devices", requireLogin)

  router.get("/devices", async (request, response) => {
    const { id, userId = "" } = request.session
    show(request, response, devicesPage(await sessions.list(userId), id, Date.now()))
  })

  router.post("/devices/name", (request, response) => {
    request.session.setLabel(field(request, "name").trim().slice(0, 40))
    request.session.flash("The name is saved.", "success")
    response.redirect(303, "/devices")
  })

  router.post("/devices/sign-out", async (request, response, next) => {
    const { session } = request
    const device = await sessions.find(field(request, "device"))
    // An id is no secret, so it proves nothing: only the owner may end the session.
    if (!device || device.userId !== session.userId) return next()
    if (device.id === session.id) await session.logout()
    else await sessions.revoke(device.id)
    session.flash("The device is signed out.", "success")
    response.redirect(303, "/devices")
  })

  router.post("/devices/sign-out-others", async (request, response) => {
    const count = await request.session.revokeOthers()
    request.session.flash(
      count === 1 ? "1 device is signed out." : `${count} devices are signed out.`,
      "success",
    )
    response.redirect(303, "/devices")
  })

  return router
}

function requireLogin(request: Request, response: Response, next: NextFunction): void {
  if (request.session.userId === undefined) response.redirect(303, "/login")
  else next()
}
