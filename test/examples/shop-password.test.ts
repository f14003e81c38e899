import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { createSessions, type Sessions } from "../../src/index.ts"
import { serveShop } from "./shop-here.ts"
import { PASSWORDS, type Seen, Visitor } from "./visitor.ts"

const NEW = "a lake in the hills"
const MINUTE = 60_000
const TO_CONFIRM = (path: string) => `/confirm?returnTo=${encodeURIComponent(path)}`

/** The shop, and a way to log in some time ago. */
async function openShop() {
  let behind = 0
  const now = () => Date.now() - behind
  const sessions: Sessions = await createSessions({ store: "memory:", cookie: { secure: "auto" }, now })
  const shop = await serveShop(sessions, 1_000)
  return {
    address: shop.address,
    sessions,
    /** Runs while the clock of the sessions is slow, so that what is done then is that old. */
    ago: async <Result>(minutes: number, act: () => Promise<Result>): Promise<Result> => {
      behind = minutes * MINUTE
      const result = await act()
      behind = 0
      return result
    },
    [Symbol.asyncDispose]: async () => {
      await shop[Symbol.asyncDispose]()
      await sessions.close()
    },
  }
}

const choose = (visitor: Visitor, password: string, again = password): Promise<Seen> =>
  visitor.post("/password", { password, again })

describe("the shop's change of a password", () => {
  it("asks for the password once more when the login is a while ago, and goes on where one wanted to go", async () => {
    await using shop = await openShop()
    const anna = new Visitor(shop.address)
    await shop.ago(6, () => anna.logIn("anna"))
    const asked = await anna.get("/password")
    assert.equal(asked.path, TO_CONFIRM("/password"))
    assert.match(asked.body, /<h1>Is it still you\?<\/h1>/)
    const wrong = await anna.post("/confirm", { password: "wrong", returnTo: "/password" })
    assert.deepEqual([wrong.path, wrong.messages], [TO_CONFIRM("/password"), ["The password is wrong."]])
    const confirmed = await anna.post("/confirm", { password: PASSWORDS.anna, returnTo: "/password" })
    assert.equal(confirmed.path, "/password")
    assert.match(confirmed.body, /<h1>Change your password<\/h1>/)
  })

  it("asks nobody who has just logged in, and gives who is on the page time to fill it in", async () => {
    await using shop = await openShop()
    const anna = new Visitor(shop.address)
    await shop.ago(4, () => anna.logIn("anna"))
    assert.equal((await anna.get("/password")).path, "/password")
    const slow = new Visitor(shop.address)
    await shop.ago(19, () => slow.logIn("anna"))
    assert.deepEqual((await choose(slow, "short")).messages, ["Choose a password of at least 8 characters."])
  })

  it("takes no new password from a login that is too old", async () => {
    await using shop = await openShop()
    const anna = new Visitor(shop.address)
    await shop.ago(21, () => anna.logIn("anna"))
    assert.equal((await choose(anna, NEW)).path, TO_CONFIRM("/"))
    assert.deepEqual((await new Visitor(shop.address).logIn("anna")).messages, ["Welcome, Anna."])
  })

  it("confirms for this site alone", async () => {
    await using shop = await openShop()
    const anna = new Visitor(shop.address)
    await anna.logIn("anna")
    for (const returnTo of ["//evil.example", "https://evil.example", "/\\evil.example"]) {
      assert.equal((await anna.post("/confirm", { password: PASSWORDS.anna, returnTo })).path, "/")
    }
  })

  it("refuses what is short, long or mistyped, and keeps the old password", async () => {
    await using shop = await openShop()
    const anna = new Visitor(shop.address)
    await anna.logIn("anna")
    const faults = [
      [await choose(anna, "seven c"), "Choose a password of at least 8 characters."],
      [await choose(anna, "x".repeat(129)), "Choose a password of at most 128 characters."],
      [await choose(anna, NEW, "a lake in the hill"), "The two passwords are not the same."],
    ] as const
    for (const [seen, message] of faults) {
      assert.deepEqual([seen.path, seen.messages], ["/password", [message]])
    }
    assert.deepEqual((await new Visitor(shop.address).logIn("anna")).messages, ["Welcome, Anna."])
  })

  it("ends the user's other sessions, keeps this one, and the old password is worth nothing", async () => {
    await using shop = await openShop()
    const [anna, phone, ben] = [
      new Visitor(shop.address),
      new Visitor(shop.address),
      new Visitor(shop.address),
    ]
    await anna.logIn("anna")
    await phone.logIn("anna")
    await ben.logIn("ben")
    const copy = new Visitor(shop.address, "copy", await anna.jar.clone())
    const changed = await choose(anna, NEW)
    assert.equal(changed.path, "/devices")
    assert.deepEqual(changed.messages, ["Your password is changed. 1 other device is signed out."])
    for (const ended of [phone, copy]) assert.match((await ended.get("/devices")).path, /^\/login/)
    for (const going of [anna, ben]) assert.equal((await going.get("/devices")).path, "/devices")
    const again = new Visitor(shop.address)
    assert.deepEqual((await again.logIn("anna")).messages, ["The user name or the password is wrong."])
    assert.deepEqual((await again.logIn("anna", { password: NEW })).messages, ["Welcome, Anna."])
    await choose(again, PASSWORDS.anna)
  })

  it("ends a session that nobody has told of the new password, at its next request", async () => {
    await using shop = await openShop()
    await using elsewhere = await openShop()
    const away = new Visitor(elsewhere.address)
    await away.logIn("ben")
    const ben = new Visitor(shop.address)
    await ben.logIn("ben")
    // The shops share their users, but not their sessions: the other one learns of it by the stamp alone.
    await choose(ben, NEW)
    assert.equal(await elsewhere.sessions.countOf("ben"), 1)
    assert.equal((await away.get("/cart")).path, "/login?returnTo=%2Fcart")
    assert.equal(await elsewhere.sessions.countOf("ben"), 0)
    await choose(ben, PASSWORDS.ben)
  })
})

describe("the shop's list of devices, to a login that is a while ago (ASVS 7.5.2)", () => {
  it("asks for the password before it is shown", async () => {
    await using shop = await openShop()
    const anna = new Visitor(shop.address)
    await shop.ago(6, () => anna.logIn("anna"))
    assert.equal((await anna.get("/devices")).path, TO_CONFIRM("/devices"))
    const shown = await anna.post("/confirm", { password: PASSWORDS.anna, returnTo: "/devices" })
    assert.match(shown.body, /<h1>Your devices<\/h1>/)
  })

  it("signs nobody out", async () => {
    await using shop = await openShop()
    const [anna, phone] = [new Visitor(shop.address), new Visitor(shop.address)]
    await shop.ago(21, () => anna.logIn("anna"))
    await phone.logIn("anna")
    assert.equal((await anna.post("/devices/sign-out-others")).path, TO_CONFIRM("/"))
    assert.equal((await phone.get("/devices")).path, "/devices")
  })
})
