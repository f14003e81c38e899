import { Router } from "express"
import type { Sessions } from "../../../src/index.ts"
import { field, tokenField } from "../form.ts"
import { requireLogin, requirePassword } from "../guards.ts"
import { devicesPage } from "../pages/devices.ts"
import { show } from "../show.ts"
import { signedOut } from "../signed-out.ts"

export function devices(sessions: Sessions): Router {
  const router = Router()
  router.use("/devices", requireLogin, requirePassword)

  router.get("/devices", async (request, response) => {
    const { session } = request
    const devices = await sessions.list(session.userId ?? "")
    show(request, response, devicesPage(devices, session.id, Date.now(), tokenField(session)))
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
    request.session.flash(signedOut(count), "success")
    response.redirect(303, "/devices")
  })

  return router
}
