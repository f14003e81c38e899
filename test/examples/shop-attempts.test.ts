import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { createSessions } from "../../src/index.ts"
import { serveShop } from "./shop-here.ts"
import { PASSWORDS, type Seen, Visitor } from "./visitor.ts"

const openShop = async (attempts?: number) => {
  const sessions = await createSessions({ store: "memory:", cookie: { secure: "auto" } })
  const shop = await serveShop(sessions, attempts)
  return {
    address: shop.address,
    [Symbol.asyncDispose]: async () => {
      await shop[Symbol.asyncDispose]()
      await sessions.close()
    },
  }
}

function assertTooMany({ body, headers, messages, status }: Seen): void {
  assert.equal(status, 429)
  const wait = Number(headers.get("Retry-After"))
  assert.ok(wait >= 1 && wait <= 1_800, `${wait} s`)
  assert.match(body, /<h1>Too many attempts<\/h1>/)
  assert.match(body, new RegExp(`please wait ${Math.ceil(wait / 60)} min,`))
  assert.deepEqual(messages, [])
}

describe("who guesses passwords in the shop", () => {
  it("is stopped at the account after ten attempts, whatever the spelling, even with the right password", async () => {
    await using shop = await openShop()
    const guesser = new Visitor(shop.address)
    for (const user of ["anna", "ANNA", "anna", "Anna", "anna", "anna", "anna", "anna", "anna", "anna"]) {
      const wrong = await guesser.logIn("anna", { user, password: "a guess" })
      assert.deepEqual(wrong.messages, ["The user name or the password is wrong."])
    }
    assertTooMany(await guesser.logIn("anna"))
    assertTooMany(await new Visitor(shop.address).logIn("anna"))
    assert.deepEqual((await new Visitor(shop.address).logIn("ben")).messages, ["Welcome, Ben."])
  })

  it("is stopped at the address after five times as many, over all accounts", async () => {
    await using shop = await openShop(2)
    const guesser = new Visitor(shop.address)
    for (let account = 0; account < 10; account++) {
      assert.equal((await guesser.logIn("anna", { user: `user${account}` })).status, 200)
    }
    assertTooMany(await guesser.logIn("anna", { user: "another" }))
  })

  it("is stopped where the password is asked for again, which counts for the same account", async () => {
    await using shop = await openShop(3)
    const thief = new Visitor(shop.address)
    await thief.logIn("anna")
    const guess = () => thief.post("/confirm", { password: "a guess" })
    for (let attempt = 0; attempt < 2; attempt++) {
      assert.deepEqual((await guess()).messages, ["The password is wrong."])
    }
    assertTooMany(await guess())
    assertTooMany(await thief.post("/confirm", { password: PASSWORDS.anna }))
  })

  it("is told by each answer how many attempts are left", async () => {
    await using shop = await openShop(2)
    const visitor = new Visitor(shop.address)
    await visitor.get("/login")
    const body = new URLSearchParams({ _csrf: visitor.token, user: "anna", password: "a guess" })
    const headers = { Cookie: await visitor.cookieHeader() }
    const answer = await fetch(`${shop.address}/login`, { method: "POST", body, headers, redirect: "manual" })
    assert.match(answer.headers.get("RateLimit") ?? "", /^"account";r=1;t=\d+, "address";r=9;t=\d+$/)
  })
})
