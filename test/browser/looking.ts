import assert from "node:assert/strict"
import type { Page } from "playwright-core"

const FOCUSED = "document.activeElement"

export const focusedText = (page: Page): Promise<string> =>
  page.evaluate(`${FOCUSED}.innerText.replace(/\\s+/g, " ").trim()`)

export async function tabTo(page: Page, text: string): Promise<void> {
  await tabUntil(page, text, async () => (await focusedText(page)) === text)
}

export async function typeInto(page: Page, field: string, text: string): Promise<void> {
  await tabUntil(page, field, async () => (await page.evaluate(`${FOCUSED}.name`)) === field)
  await page.keyboard.press("ControlOrMeta+A")
  await page.keyboard.type(text)
}

async function tabUntil(page: Page, what: string, reached: () => Promise<boolean>): Promise<void> {
  for (let presses = 0; presses < 40; presses++) {
    if (await reached()) return
    await page.keyboard.press("Tab")
  }
  assert.fail(`the Tab key does not lead to ${what}`)
}

/** The visible controls that have no label and no text. */
export const NAMELESS_CONTROLS = `[...document.querySelectorAll("a, button, input:not([type=hidden])")]
  .filter(control => !(control.labels?.[0] ?? control).textContent.trim())
  .map(control => control.outerHTML)`

/** The texts whose contrast with what is behind them is below 4.5. */
export const FAINT_TEXTS = `(() => {
  const channels = color => color.match(/[\\d.]+/g).map(Number)
  const light = color => channels(color).slice(0, 3)
    .map(channel => channel / 255)
    .map(channel => (channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4))
    .reduce((sum, channel, index) => sum + channel * [0.2126, 0.7152, 0.0722][index], 0)
  const opaque = color => channels(color)[3] !== 0
  const behind = element => {
    const color = getComputedStyle(element).backgroundColor
    return opaque(color) || !element.parentElement ? color : behind(element.parentElement)
  }
  const contrast = element => {
    const [dark, bright] = [light(getComputedStyle(element).color), light(behind(element))].sort((a, b) => a - b)
    return (bright + 0.05) / (dark + 0.05)
  }
  const hasText = element => [...element.childNodes].some(node => node.nodeType === 3 && node.data.trim())
  return [...document.body.querySelectorAll("*")]
    .filter(element => hasText(element) && contrast(element) < 4.5)
    .map(element => element.textContent.trim() + ": " + contrast(element).toFixed(2))
})()`
