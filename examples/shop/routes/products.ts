import { Router } from "express"
import { userTokenField } from "../form.ts"
import { productsPage } from "../pages/products.ts"
import { PRODUCTS } from "../products.ts"
import { show } from "../show.ts"

export function products(): Router {
  const router = Router()

  router.get("/", (request, response) => {
    show(request, response, productsPage(PRODUCTS, userTokenField(request.session)))
  })

  return router
}
