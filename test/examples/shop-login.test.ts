import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { openShop } from "./shop-process.ts"
import { type Seen, Visitor } from "./visitor.ts"

const DAY = 86_400_000
const TO_LOGIN = "/login?returnTo=%2Fdevices"
const ANNA = { user: "anna", password: "tea at seven" }
const ELSEWHERE = [
  "https://evil.example/",
  "//evil.example",
  "/\\evil.example",
  "/\t/evil.example",
  "javascript:alert(1)",
  "evil.example",
]

describe("the shop's login", () => {
  const shop = openShop()

  it("G8: a visitor who only looks around gets no cookie, until the login page gives a token", async () => {
    const visitor = new Visitor(shop.address)
    for (const path of ["/", "/cart", "/style.css", "/nowhere"]) await visitor.get(path)
    assert.deepEqual(await visitor.jar.getCookies(shop.address), [])
    await visitor.get("/login")
    assert.equal((await visitor.jar.getCookies(shop.address)).length, 1)
  })

  it("answers a wrong password and an unknown user alike", async () => {
    const visitor = new Visitor(shop.address)
    await visitor.get("/login")
    const wrong = await visitor.post("/login", { user: "anna", password: "coffee at nine" })
    const unknown = await visitor.post("/login", { user: "nobody", password: "tea at seven" })
    assert.deepEqual(wrong.messages, ["The user name or the password is wrong."])
    assert.equal(withoutTokens(unknown), withoutTokens(wrong))
    assert.equal(wrong.path, "/login?returnTo=%2F")
    assert.equal((await visitor.get("/devices")).path, TO_LOGIN)
  })

  it("greets a user who logs in, and offers the logout on every page", async () => {
    const anna = new Visitor(shop.address)
    const greeting = await anna.logIn("anna")
    assert.deepEqual(greeting.messages, ["Welcome, Anna."])
    for (const path of ["/", "/cart", "/visits", "/devices", "/nowhere"]) {
      const page = await anna.get(path)
      assert.match(page.body, /<span class="name">Anna<\/span>.*<button class="quiet">Log out<\/button>/s)
    }
  })

  it("keeps the session in a cookie that scripts and other sites cannot use, until the browser closes", async () => {
    const anna = new Visitor(shop.address)
    await anna.logIn("anna")
    const [cookie, ...others] = await anna.jar.getCookies(shop.address)
    assert.deepEqual(others, [])
    const { key, httpOnly, sameSite, secure, path, hostOnly, expires } = cookie ?? {}
    assert.deepEqual(
      { key, httpOnly, sameSite, secure, path, hostOnly, expires },
      {
        key: "sid",
        httpOnly: true,
        sameSite: "lax",
        secure: false,
        path: "/",
        hostOnly: true,
        expires: "Infinity",
      },
    )
  })

  it("keeps a user signed in who asks for it", async () => {
    const anna = new Visitor(shop.address)
    await anna.logIn("anna", { remember: "yes" })
    const [cookie] = await anna.jar.getCookies(shop.address)
    const left = Number(cookie?.expiryTime()) - Date.now()
    assert.ok(left > 89 * DAY && left <= 90 * DAY, `${left} ms are left`)
  })

  it("G3: the cookie from before the login is worth nothing after it", async () => {
    const anna = new Visitor(shop.address)
    await anna.get("/visits")
    const before = await anna.jar.clone()
    await anna.logIn("anna")
    const thief = new Visitor(shop.address, "thief", before)
    assert.equal((await thief.get("/devices")).path, TO_LOGIN)
    assert.equal((await anna.get("/devices")).path, "/devices")
  })

  it("keeps what a visitor put into the cart before the login", async () => {
    const ben = new Visitor(shop.address)
    await ben.post("/cart/add", { product: "tent" })
    await ben.logIn("ben")
    assert.match((await ben.get("/cart")).body, /Tent for two/)
  })

  it("logs out: the cookie, and a copy of it, open nothing any more", async () => {
    const anna = new Visitor(shop.address)
    await anna.logIn("anna")
    await anna.post("/cart/add", { product: "map" })
    const copy = new Visitor(shop.address, "copy", await anna.jar.clone())
    const goodbye = await anna.post("/logout")
    assert.deepEqual(goodbye.messages, ["You are logged out."])
    assert.equal((await anna.get("/devices")).path, TO_LOGIN)
    assert.equal((await copy.get("/devices")).path, TO_LOGIN)
    assert.match((await anna.get("/cart")).body, /Your cart is empty/)
  })

  it("tells the browser to forget what it keeps of the site at the logout, and only then", async () => {
    const anna = new Visitor(shop.address)
    await anna.logIn("anna")
    const form = new URLSearchParams({ _csrf: anna.token })
    const headers = { Cookie: await anna.cookieHeader() }
    const logout = { method: "POST", redirect: "manual", body: form, headers } as const
    const devices = await fetch(`${shop.address}/devices`, { headers })
    const goodbye = await fetch(`${shop.address}/logout`, logout)
    assert.equal(devices.headers.get("Clear-Site-Data"), null)
    assert.equal(goodbye.status, 303)
    assert.equal(goodbye.headers.get("Clear-Site-Data"), '"cache", "storage"')
  })

  it("goes on to the page that was asked for", async () => {
    const anna = new Visitor(shop.address)
    const asked = await anna.get("/devices")
    assert.match(asked.body, /<input type="hidden" name="returnTo" value="\/devices">/)
    assert.equal((await anna.logIn("anna", { returnTo: "/devices" })).path, "/devices")
  })

  it("still knows that page after a wrong password", async () => {
    const anna = new Visitor(shop.address)
    await anna.get("/login?returnTo=/cart")
    const wrong = await anna.post("/login", { user: "anna", password: "wrong", returnTo: "/cart" })
    assert.match(wrong.body, /<input type="hidden" name="returnTo" value="\/cart">/)
  })

  for (const elsewhere of ELSEWHERE) {
    it(`never goes to another site: ${JSON.stringify(elsewhere)}`, async () => {
      const anna = new Visitor(shop.address)
      const page = await anna.get(`/login?${new URLSearchParams({ returnTo: elsewhere })}`)
      assert.match(page.body, /<input type="hidden" name="returnTo" value="\/">/)
      const greeting = await anna.post("/login", { ...ANNA, returnTo: elsewhere })
      assert.deepEqual([greeting.path, greeting.messages], ["/", ["Welcome, Anna."]])
      const again = await anna.get(`/login?${new URLSearchParams({ returnTo: elsewhere })}`)
      assert.equal(again.path, "/")
    })
  }
})

const withoutTokens = ({ body }: Seen): string => body.replaceAll(/name="_csrf" value="[^"]*"/g, "")
