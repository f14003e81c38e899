import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { openShop } from "./shop-process.ts"
import { Visitor } from "./visitor.ts"

/** The forms of a user, with fields that would change something. */
const FORMS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "/cart/add": { product: "map" },
  "/cart/change": { product: "tent", quantity: "9" },
  "/cart/remove": { product: "tent" },
  "/devices/name": { name: "Eve's" },
  "/devices/sign-out": { device: "A".repeat(22) },
  "/devices/sign-out-others": {},
  "/confirm": { password: "coffee at nine" },
  "/password": { password: "known to Eve", again: "known to Eve" },
  "/logout": {},
}

const FOREIGN = [
  { "Sec-Fetch-Site": "cross-site", Origin: "https://evil.example" },
  { "Sec-Fetch-Site": "same-site", Origin: "http://other.localhost" },
  { Origin: "https://evil.example" },
  { Origin: "null" },
]

describe("the shop's forms", () => {
  const shop = openShop()

  /** Ben with a tent in his cart, and another device. */
  const ben = async (): Promise<Visitor> => {
    const visitor = new Visitor(shop.address)
    await visitor.logIn("ben")
    await visitor.post("/devices/sign-out-others")
    await visitor.post("/cart/add", { product: "tent" })
    await new Visitor(shop.address, "Phone/1.0").logIn("ben")
    return visitor
  }

  /** That Ben is logged in, in two places, as he was, with one tent. */
  const assertUnchanged = async (visitor: Visitor): Promise<void> => {
    assert.match((await visitor.get("/cart")).body, /Total <strong>€189\.00<\/strong>/)
    const { body } = await visitor.get("/devices")
    assert.doesNotMatch(body, /Eve/)
    assert.equal(body.match(/<li class="row/g)?.length, 2)
    const again = new Visitor(shop.address)
    assert.deepEqual((await again.logIn("ben")).messages, ["Welcome, Ben."])
  }

  it("are refused without the token, with a wrong one and with another session's, and change nothing", async () => {
    const [visitor, other] = [await ben(), new Visitor(shop.address)]
    await other.logIn("anna")
    for (const [path, fields] of Object.entries(FORMS)) {
      for (const token of [{}, { _csrf: "A".repeat(86) }, { _csrf: other.token }]) {
        const refused = await visitor.postAs(path, { ...fields, ...token })
        assert.equal(refused.status, 403, path)
        assert.match(refused.body, /<h1>This did not come from the shop<\/h1>/)
        assert.match(refused.headers.get("Content-Type") ?? "", /^text\/html/)
      }
    }
    await assertUnchanged(visitor)
  })

  it("are refused when another site sends them, even with the token, and change nothing", async () => {
    const visitor = await ben()
    for (const [path, fields] of Object.entries(FORMS)) {
      const all = { ...fields, _csrf: visitor.token }
      for (const headers of FOREIGN) assert.equal((await visitor.postAs(path, all, headers)).status, 403)
    }
    await assertUnchanged(visitor)
  })

  it("are taken when the shop's own page sends them", async () => {
    const visitor = await ben()
    const headers = { "Sec-Fetch-Site": "same-origin", Origin: shop.address }
    const added = await visitor.postAs("/cart/add", { product: "map", _csrf: visitor.token }, headers)
    assert.deepEqual(added.messages, ["Map of the ridge is in your cart."])
  })

  it("nobody can be logged in by another site: the login takes a token, which the login page gives", async () => {
    const visitor = new Visitor(shop.address)
    const login = { user: "anna", password: "tea at seven" }
    assert.equal((await visitor.postAs("/login", login)).status, 403)
    await visitor.get("/login")
    assert.equal((await visitor.postAs("/login", login)).status, 403)
    assert.match((await visitor.get("/devices")).path, /^\/login/)
    assert.deepEqual((await visitor.post("/login", login)).messages, ["Welcome, Anna."])
  })

  it("a token is worth nothing after the next login", async () => {
    const visitor = await ben()
    const { token } = visitor
    await visitor.post("/logout")
    await visitor.logIn("ben")
    assert.equal((await visitor.postAs("/cart/add", { product: "map", _csrf: token })).status, 403)
    assert.match((await visitor.get("/cart")).body, /Your cart is empty/)
  })

  it("every form on every page has the token", async () => {
    const visitor = await ben()
    for (const path of ["/", "/cart", "/visits", "/devices", "/password", "/confirm", "/nowhere"]) {
      const { body } = await visitor.get(path)
      const forms = body.match(/<form [^>]*method="post".*?<\/form>/gs) ?? []
      assert.ok(forms.length > 0, path)
      for (const form of forms) assert.match(form, /name="_csrf" value="[\w-]{86}"/, `${path}: ${form}`)
    }
  })
})
