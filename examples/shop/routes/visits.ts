import { Router } from "express"
import { visitsPage } from "../pages/visits.ts"
import { show } from "../show.ts"

export function visits(): Router {
  const router = Router()

  // The one page whose reading writes: whoever opens it gets a session, crawlers included.
  router.get("/visits", async (request, response) => {
    const visits = await request.session.update("visits", (visits = 0) => visits + 1)
    show(request, response, visitsPage(visits ?? 0, request.session.createdAt))
  })

  return router
}
