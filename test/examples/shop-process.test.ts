import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { failToOpen, ShopProcess, withDatabase } from "./shop-process.ts"
import { Visitor } from "./visitor.ts"

describe("the shop's process", () => {
  it("keeps people logged in, with their carts, over a restart", async () => {
    await withDatabase(async url => {
      const before = await ShopProcess.open({ SESSIONS_URL: url })
      const anna = new Visitor(before.address)
      await anna.logIn("anna")
      await anna.post("/cart/add", { product: "tent" })
      await before.close()
      const port = new URL(before.address).port
      const after = await ShopProcess.open({ SESSIONS_URL: url, PORT: port })
      const page = await anna.get("/cart")
      await after.close()
      assert.match(page.body, /<span class="name">Anna<\/span>/)
      assert.match(page.body, /Tent for two/)
    })
  })

  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    it(`closes cleanly on ${signal}, also while browsers hold connections open`, async () => {
      await withDatabase(async url => {
        const shop = await ShopProcess.open({ SESSIONS_URL: url })
        await new Visitor(shop.address).logIn("anna")
        const { code, output } = await shop.close(signal)
        assert.equal(code, 0)
        assert.match(output, /^The shop is open at http:\/\/localhost:\d+ .*\nThe shop is closing\n$/)
      })
    })
  }

  it("says so when the port is used, and what to do", async () => {
    await withDatabase(async url => {
      const shop = await ShopProcess.open({ SESSIONS_URL: "memory:" })
      const { port } = new URL(shop.address)
      const { code, output } = await failToOpen({ SESSIONS_URL: url, PORT: port })
      await shop.close()
      assert.equal(code, 1)
      assert.equal(
        output,
        `Port ${port} is used by another program. Choose another one: PORT=3001 npm start\n`,
      )
    })
  })
})
