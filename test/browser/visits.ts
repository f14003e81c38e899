import assert from "node:assert/strict"
import { after, afterEach, before, beforeEach } from "node:test"
import type { Browser, BrowserContext, ConsoleMessage, Page } from "playwright-core"
import { launchChromium } from "../services/chromium.ts"

type VisitOptions = Parameters<Browser["newContext"]>[0]

/** What Chromium tells of a header that it obeys. */
const isGoodNews = (message: ConsoleMessage): boolean =>
  message.type() === "info" && message.text().startsWith("Clear-Site-Data header on ")

/**
 * Opens pages for the tests around, each in a browser of its own, without cookies. Whatever its console says counts as a complaint,
 * but for those that the test expects.
 */
export function visits(): (options?: VisitOptions, expected?: RegExp) => Promise<Page> {
  let browser: Browser
  let contexts: BrowserContext[] = []
  let complaints: string[] = []
  before(async () => {
    browser = await launchChromium()
  })
  after(() => browser.close())
  beforeEach(() => {
    complaints = []
  })
  afterEach(async () => {
    for (const context of contexts) await context.close()
    contexts = []
    assert.deepEqual(complaints, [], "the console stays empty")
  })
  return async (options = {}, expected) => {
    const context = await browser.newContext(options)
    contexts.push(context)
    context.setDefaultTimeout(10_000)
    const page = await context.newPage()
    page.on("console", message => {
      if (!isGoodNews(message) && !expected?.test(message.text())) complaints.push(message.text())
    })
    page.on("pageerror", error => complaints.push(error.message))
    return page
  }
}

export async function logIn(page: Page, user: string, password: string, { goTo = true } = {}): Promise<void> {
  if (goTo) await page.goto("/login")
  await page.getByLabel("User name").fill(user)
  await page.getByLabel("Password").fill(password)
  await page.getByRole("main").getByRole("button", { name: "Log in" }).click()
  await page.locator(".message").first().waitFor()
}
