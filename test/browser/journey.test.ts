import assert from "node:assert/strict"
import { after, before, describe, it } from "node:test"
import type { Page } from "playwright-core"
import { createSessions, type Sessions } from "../../src/index.ts"
import { type ShopHere, serveShop } from "../examples/shop-here.ts"
import { tabTo, typeInto } from "./looking.ts"
import { logIn, visits } from "./visits.ts"

const NEW = "a lake in the hills"
const HOUR = 3_600_000

describe("a stay in the shop, in Chromium", () => {
  const visit = visits()
  let behind = 0
  let sessions: Sessions
  let shop: ShopHere
  before(async () => {
    const now = () => Date.now() - behind
    sessions = await createSessions({
      store: "memory:",
      cookie: { secure: "auto" },
      clearSiteData: true,
      absoluteTimeout: "1d",
      idleTimeout: "1d",
      now,
    })
    shop = await serveShop(sessions, 1_000)
  })
  after(async () => {
    await shop[Symbol.asyncDispose]()
    await sessions.close()
  })

  const open = () => visit({ baseURL: shop.address, javaScriptEnabled: false })
  const pathOf = (page: Page) => new URL(page.url()).pathname

  it("cart, login and back, step-up, new password, devices, logout, without JavaScript", async () => {
    const [laptop, phone] = [await open(), await open()]
    await laptop.goto("/")
    await laptop.getByRole("button", { name: "Add Tent for two to cart" }).click()
    await laptop.goto("/devices")
    assert.equal(pathOf(laptop), "/login")
    behind = HOUR
    await logIn(laptop, "anna", "tea at seven", { goTo: false })
    behind = 0
    assert.equal(pathOf(laptop), "/confirm", "an hour later the list asks for the password")
    await confirm(laptop, "wrong")
    await laptop.getByText("The password is wrong.").waitFor()
    await confirm(laptop, "tea at seven")
    await laptop.getByRole("heading", { name: "Your devices" }).waitFor()
    assert.equal(pathOf(laptop), "/devices")
    await logIn(phone, "anna", "tea at seven")
    await laptop.getByRole("link", { name: "Change your password" }).click()
    await laptop.getByLabel("New password").fill(NEW)
    await laptop.getByLabel("The same again").fill(NEW)
    await laptop.getByRole("button", { name: "Change password" }).click()
    await laptop.getByText("Your password is changed. 1 other device is signed out.").waitFor()
    assert.equal(await laptop.getByRole("main").getByRole("listitem").count(), 1)
    await phone.goto("/cart")
    assert.equal(await phone.getByRole("link", { name: "Log in" }).count(), 1, "the phone is signed out")
    await laptop.getByRole("link", { name: /^Cart/ }).click()
    await laptop.getByRole("heading", { name: "Tent for two" }).waitFor()
    await laptop.getByRole("button", { name: "Log out" }).click()
    await laptop.getByText("You are logged out.").waitFor()
    await laptop.goto("/devices")
    assert.equal(pathOf(laptop), "/login")
    await logIn(laptop, "anna", "tea at seven", { goTo: false })
    await laptop.getByText("The user name or the password is wrong.").waitFor()
    await logIn(laptop, "anna", NEW, { goTo: false })
    assert.equal(pathOf(laptop), "/devices")
  })

  it("the password is changed with the keyboard alone", async () => {
    const page = await visit({ baseURL: shop.address })
    behind = HOUR
    await logIn(page, "ben", "coffee at nine")
    behind = 0
    await tabTo(page, "Devices")
    await page.keyboard.press("Enter")
    await page.waitForURL("/confirm?**")
    await typeInto(page, "password", "coffee at nine")
    await page.keyboard.press("Enter")
    await page.waitForURL("/devices")
    await tabTo(page, "Change your password")
    await page.keyboard.press("Enter")
    await page.waitForURL("/password")
    await typeInto(page, "password", NEW)
    await typeInto(page, "again", NEW)
    await page.keyboard.press("Enter")
    await page.getByText("Your password is changed. No other device was signed in.").waitFor()
  })
})

async function confirm(page: Page, password: string): Promise<void> {
  await page.getByLabel("Password").fill(password)
  await page.getByRole("button", { name: "Continue" }).click()
}
