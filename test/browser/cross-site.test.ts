import assert from "node:assert/strict"
import { once } from "node:events"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { describe, it } from "node:test"
import type { Page } from "playwright-core"
import { type CreateSessionsOptions, createSessions } from "../../src/index.ts"
import { type Served, type ShopHere, serveShop } from "../examples/shop-here.ts"
import { logIn, visits } from "./visits.ts"

type Attack = Pick<CreateSessionsOptions, "cookie" | "csrf">

/** The shop is at localhost: this is another site, and another port there is another origin of the same site. */
const OTHER_SITE = "127.0.0.1"
const SAME_SITE = "localhost"
const REFUSED = /status of 403/
/** Sends its cookie with forms of other sites, as a site that is embedded in others has to. */
const SENT_EVERYWHERE: Attack = { cookie: { sameSite: "none" } }

describe("a page of another site that sends the shop's forms, in Chromium", () => {
  const visit = visits()

  /** Puts a lantern into the cart of a visitor, or of Anna, and lets a page of another site try to add a tent. */
  async function attacked(options: Attack, user?: string, host = OTHER_SITE) {
    await using sessions = await createSessions({ store: "memory:", ...options })
    await using shop = await serveShop(sessions)
    await using evil = await serveEvil(shop, host)
    const page = await visit({ baseURL: shop.address }, REFUSED)
    if (user !== undefined) await logIn(page, user, "tea at seven")
    await page.goto("/")
    await page.getByRole("button", { name: "Add Lantern to cart" }).click()
    await page.getByText("Lantern is in your cart.").waitFor()
    await page.goto(evil.address)
    await page.getByRole("button", { name: "Win a prize" }).click()
    await page.waitForURL(url => url.origin === shop.address)
    const heading = await page.getByRole("heading", { level: 1 }).innerText()
    return {
      heading,
      post: shop.served.findLast(({ method }) => method === "POST"),
      cart: await cartOf(page),
    }
  }

  for (const user of [undefined, "anna"]) {
    const whose = user === undefined ? "a visitor" : "a user who is logged in"
    it(`gets 403 and changes nothing for ${whose}: SameSite=Lax keeps the cookie back, and the origin is checked`, async () => {
      const { heading, post, cart } = await attacked({}, user)
      assert.equal(post?.headers.cookie, undefined)
      assertRefused(post)
      assert.equal(heading, "This did not come from the shop")
      assert.deepEqual(cart, ["Lantern"])
    })

    it(`gets 403 and changes nothing for ${whose}, even where SameSite=None sends the cookie along`, async () => {
      const { heading, post, cart } = await attacked(SENT_EVERYWHERE, user)
      assert.match(post?.headers.cookie ?? "", /^__Host-sid=/)
      assertRefused(post)
      assert.equal(heading, "This did not come from the shop")
      assert.deepEqual(cart, ["Lantern"])
    })
  }

  it("gets 403 and changes nothing from another origin of the same site, which SameSite=Lax gives the cookie", async () => {
    const { heading, post, cart } = await attacked({}, "anna", SAME_SITE)
    assert.match(post?.headers.cookie ?? "", /^__Host-sid=/)
    assertRefused(post, "same-site")
    assert.equal(heading, "This did not come from the shop")
    assert.deepEqual(cart, ["Lantern"])
  })

  it("without the origin check is still refused for a user, by the token", async () => {
    const { post, cart } = await attacked({ ...SENT_EVERYWHERE, csrf: false }, "anna")
    assert.match(post?.headers.cookie ?? "", /^__Host-sid=/)
    assertRefused(post)
    assert.deepEqual(cart, ["Lantern"])
  })

  it("would change a visitor's cart without SameSite, the origin check and the token", async () => {
    const { post, cart } = await attacked({ ...SENT_EVERYWHERE, csrf: false })
    assert.equal(post?.status, 303)
    assert.deepEqual(cart, ["Tent for two", "Lantern"])
  })
})

function assertRefused(post: Served | undefined, site = "cross-site"): void {
  assert.equal(post?.path, "/cart/add")
  assert.equal(post.headers["sec-fetch-site"], site)
  assert.equal(post.status, 403)
}

async function cartOf(page: Page): Promise<string[]> {
  await page.goto("/cart")
  return await page.getByRole("main").getByRole("heading", { level: 2 }).allInnerTexts()
}

/** Another server, whose page sends a form to the shop. */
async function serveEvil(
  shop: ShopHere,
  host: string,
): Promise<AsyncDisposable & { readonly address: string }> {
  const form = `<form method="post" action="${shop.address}/cart/add">
    <input type="hidden" name="product" value="tent"><button>Win a prize</button></form>`
  const server = createServer((_request, response) => {
    response.setHeader("Content-Type", "text/html; charset=utf-8")
    response.end(`<!doctype html><title>Prizes</title><link rel="icon" href="data:,">${form}`)
  })
  server.listen(0, host)
  await once(server, "listening")
  const { port } = server.address() as AddressInfo
  return {
    address: `http://${host}:${port}`,
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, "close")
      server.close().closeAllConnections()
      await closed
    },
  }
}
