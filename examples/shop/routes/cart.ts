import { Router } from "express"
import { linesOf, MAX_QUANTITY, withOneMore, withQuantity } from "../cart.ts"
import { field, userTokenField } from "../form.ts"
import { cartPage } from "../pages/cart.ts"
import { findProduct } from "../products.ts"
import { show } from "../show.ts"

export function cart(): Router {
  const router = Router()

  router.get("/cart", (request, response) => {
    const { session } = request
    show(request, response, cartPage(linesOf(session.get("cart") ?? {}), userTokenField(session)))
  })

  router.post("/cart/add", async (request, response, next) => {
    const product = findProduct(field(request, "product"))
    if (!product) return next()
    // `update`, not `get` and `set`: of two clicks at the same time, both count.
    await request.session.update("cart", (cart = {}) => withOneMore(cart, product.id))
    request.session.flash(`${product.name} is in your cart.`, "success")
    response.redirect(303, "/")
  })

  router.post("/cart/change", async (request, response, next) => {
    const product = findProduct(field(request, "product"))
    if (!product) return next()
    const quantity = Number(field(request, "quantity") || Number.NaN)
    if (Number.isInteger(quantity) && quantity >= 0 && quantity <= MAX_QUANTITY) {
      await request.session.update("cart", (cart = {}) => withQuantity(cart, product.id, quantity))
    } else {
      request.session.flash(`Give a quantity from 0 to ${MAX_QUANTITY}.`, "error")
    }
    response.redirect(303, "/cart")
  })

  router.post("/cart/remove", async (request, response, next) => {
    const product = findProduct(field(request, "product"))
    if (!product) return next()
    await request.session.update("cart", (cart = {}) => withQuantity(cart, product.id, 0))
    request.session.flash(`${product.name} was removed.`)
    response.redirect(303, "/cart")
  })

  return router
}
