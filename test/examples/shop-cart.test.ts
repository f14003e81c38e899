import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { openShop } from "./shop-process.ts"
import { type Seen, Visitor } from "./visitor.ts"

describe("the shop's cart", () => {
  const shop = openShop()

  it("adds, changes and removes products", async () => {
    const visitor = new Visitor(shop.address)
    await visitor.post("/cart/add", { product: "lantern" })
    await visitor.post("/cart/add", { product: "flask" })
    const changed = await visitor.post("/cart/change", { product: "lantern", quantity: "3" })
    assert.deepEqual(quantitiesIn(changed), { lantern: 3, flask: 1 })
    assert.match(changed.body, /Total <strong>€143\.40<\/strong>/)
    const removed = await visitor.post("/cart/remove", { product: "flask" })
    assert.deepEqual(quantitiesIn(removed), { lantern: 3 })
    const emptied = await visitor.post("/cart/change", { product: "lantern", quantity: "0" })
    assert.match(emptied.body, /Your cart is empty/)
  })

  it("G1: of twenty clicks at the same time all count", async () => {
    const visitor = new Visitor(shop.address)
    await visitor.post("/cart/add", { product: "compass" })
    await Promise.all(Array.from({ length: 20 }, () => visitor.post("/cart/add", { product: "compass" })))
    assert.deepEqual(quantitiesIn(await visitor.get("/cart")), { compass: 21 })
  })

  for (const quantity of ["", "-1", "1.5", "100", "many", "1e3"]) {
    it(`refuses the quantity ${JSON.stringify(quantity)} and says what it takes`, async () => {
      const visitor = new Visitor(shop.address)
      await visitor.post("/cart/add", { product: "map" })
      const refused = await visitor.post("/cart/change", { product: "map", quantity })
      assert.ok(refused.messages.includes("Give a quantity from 0 to 99."))
      assert.deepEqual(quantitiesIn(refused), { map: 1 })
    })
  }

  for (const product of ["__proto__", "constructor", "unicorn", ""]) {
    it(`has no product ${JSON.stringify(product)}`, async () => {
      const visitor = new Visitor(shop.address)
      assert.equal((await visitor.post("/cart/add", { product })).status, 404)
      assert.match((await visitor.get("/cart")).body, /Your cart is empty/)
    })
  }

  it("shows a message once", async () => {
    const visitor = new Visitor(shop.address)
    const added = await visitor.post("/cart/add", { product: "notebook" })
    assert.deepEqual(added.messages, ["Notebook is in your cart."])
    assert.deepEqual((await visitor.get("/")).messages, [])
  })

  it("counts visits, for each visitor apart", async () => {
    const one = new Visitor(shop.address)
    const other = new Visitor(shop.address)
    assert.match((await one.get("/visits")).body, /This is your first visit/)
    assert.match((await one.get("/visits")).body, /opened this page 2 times/)
    assert.match((await other.get("/visits")).body, /This is your first visit/)
  })
})

function quantitiesIn({ body }: Seen): Record<string, number> {
  const lines = body.matchAll(/name="product" value="(\w+)">\s*<label>.*?name="quantity" value="(\d+)"/gs)
  return Object.fromEntries([...lines].map(([, product, quantity]) => [product, Number(quantity)]))
}
