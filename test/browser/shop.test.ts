import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { openShop } from "../examples/shop-process.ts"
import { FAINT_TEXTS, focusedText, NAMELESS_CONTROLS, tabTo, typeInto } from "./looking.ts"
import { logIn, visits } from "./visits.ts"

const PAGES = ["/", "/cart", "/visits", "/devices", "/confirm", "/password"]
const DAY = 86_400

describe("the example shop in Chromium", () => {
  const shop = openShop()
  const visit = visits()
  const openPage = (options: Parameters<typeof visit>[0] = {}) => visit({ baseURL: shop.address, ...options })

  it("can be used with the keyboard alone", async () => {
    const page = await openPage()
    await page.goto("/login")
    await page.keyboard.press("Tab")
    assert.equal(await focusedText(page), "Skip to the content")
    await page.keyboard.press("Enter")
    await typeInto(page, "user", "anna")
    await typeInto(page, "password", "tea at seven")
    await page.keyboard.press("Enter")
    await page.getByText("Welcome, Anna.").waitFor()
    await tabTo(page, "Add Lantern to cart")
    await page.keyboard.press("Enter")
    await page.getByText("Lantern is in your cart.").waitFor()
    await tabTo(page, "Cart 1 item")
    await page.keyboard.press("Enter")
    await page.waitForURL("/cart")
    await typeInto(page, "quantity", "4")
    await page.keyboard.press("Enter")
    await page.getByText("Total €158.00").waitFor()
    await tabTo(page, "Log out")
    await page.keyboard.press("Space")
    await page.getByText("You are logged out.").waitFor()
  })

  it("can be used without JavaScript, on two devices at once", async () => {
    const laptop = await openPage({ javaScriptEnabled: false })
    const phone = await openPage({ javaScriptEnabled: false, userAgent: "Phone/1.0" })
    for (const page of [laptop, phone]) await logIn(page, "ben", "coffee at nine")
    await laptop.getByRole("button", { name: "Add Compass to cart" }).click()
    await laptop.getByRole("link", { name: /^Cart/ }).click()
    await laptop.getByRole("button", { name: "Remove Compass" }).click()
    await laptop.getByText("Your cart is empty.").waitFor()
    await laptop.getByRole("link", { name: "Devices" }).click()
    await laptop.getByLabel("Name of this device").fill("Ben's <laptop>")
    await laptop.getByRole("button", { name: "Save" }).click()
    await laptop.getByRole("heading", { name: "Ben's <laptop> This device" }).waitFor()
    await laptop.getByRole("button", { name: "Sign out Phone" }).click()
    await laptop.getByText("The device is signed out.").waitFor()
    await phone.goto("/devices")
    assert.equal(new URL(phone.url()).pathname, "/login")
  })

  it("keeps its cookie from scripts and other sites, and until the browser closes", async () => {
    const page = await openPage()
    await logIn(page, "anna", "tea at seven")
    const [cookie, ...others] = await page.context().cookies()
    assert.deepEqual(others, [])
    const { name, domain, path, httpOnly, sameSite, secure, expires } = cookie ?? {}
    assert.deepEqual(
      { name, domain, path, httpOnly, sameSite, secure, expires },
      {
        name: "sid",
        domain: "localhost",
        path: "/",
        httpOnly: true,
        sameSite: "Lax",
        secure: false,
        expires: -1,
      },
    )
    assert.equal(await page.evaluate("document.cookie"), "")
  })

  it("keeps its cookie for 90 days when asked to", async () => {
    const page = await openPage()
    await page.goto("/login")
    await page.getByLabel("Keep me signed in").check()
    await logIn(page, "anna", "tea at seven", { goTo: false })
    const [cookie] = await page.context().cookies()
    const left = Number(cookie?.expires) - Date.now() / 1000
    assert.ok(left > 89 * DAY && left <= 90 * DAY, `${left} s are left`)
  })

  it("shows nobody's pages after the logout when going back", async () => {
    const page = await openPage()
    await logIn(page, "anna", "tea at seven")
    await page.goto("/devices")
    await page.getByRole("button", { name: "Log out" }).click()
    await page.getByText("You are logged out.").waitFor()
    await page.goBack()
    assert.equal(new URL(page.url()).pathname, "/login")
    assert.equal(await page.getByText("Your devices").count(), 0)
  })

  for (const width of [320, 375, 1200]) {
    it(`fits a window ${width} pixels wide`, async () => {
      const page = await openPage({ viewport: { width, height: 800 } })
      await logIn(page, "anna", "tea at seven")
      await page.getByRole("button", { name: "Add Map of the ridge to cart" }).click()
      for (const path of PAGES) {
        await page.goto(path)
        assert.equal(await page.evaluate("document.documentElement.scrollWidth"), width, path)
      }
    })
  }

  for (const colorScheme of ["light", "dark"] as const) {
    it(`has enough contrast in the ${colorScheme} scheme (WCAG 1.4.3)`, async () => {
      const page = await openPage({ colorScheme })
      await page.goto("/login")
      await logIn(page, "anna", "wrong", { goTo: false })
      assert.deepEqual(await page.evaluate(FAINT_TEXTS), [])
      await logIn(page, "anna", "tea at seven")
      await page.getByRole("button", { name: "Add Tent for two to cart" }).click()
      assert.deepEqual(await page.evaluate(FAINT_TEXTS), [])
      for (const path of PAGES) {
        await page.goto(path)
        assert.deepEqual(await page.evaluate(FAINT_TEXTS), [], path)
      }
    })
  }

  it("names every control and marks every page's parts", async () => {
    const page = await openPage()
    await page.goto("/login")
    assert.deepEqual(await page.evaluate(NAMELESS_CONTROLS), [])
    await logIn(page, "anna", "tea at seven")
    await page.getByRole("button", { name: "Add Flask to cart" }).click()
    for (const path of PAGES) {
      await page.goto(path)
      assert.deepEqual(await page.evaluate(NAMELESS_CONTROLS), [], path)
      for (const role of ["banner", "navigation", "main", "contentinfo"] as const) {
        assert.equal(await page.getByRole(role).count(), 1, `${role} of ${path}`)
      }
      assert.equal(await page.getByRole("heading", { level: 1 }).count(), 1)
      assert.equal(await page.locator('[role="status"]').count(), 1)
    }
  })
})
