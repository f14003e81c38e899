import assert from "node:assert/strict"
import { describe, it } from "node:test"
import fc from "fast-check"
import { html } from "../../examples/shop/html.ts"

describe("the shop's templates", () => {
  it("let no text out of its place", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), text => {
        const { text: markup } = html`<p title="${text}">${[text]}</p>`
        const inside = /^<p title="([^"<>']*)">([^"<>']*)<\/p>$/.exec(markup)
        assert.equal(unescaped(inside?.[1]), text)
        assert.equal(unescaped(inside?.[2]), text)
      }),
    )
  })

  it("put markup into markup as it is, and leave out what is absent", () => {
    const items = ["a", "<b>"].map(item => html`<li>${item}</li>`)
    assert.equal(
      html`<ul>${items}</ul>${undefined}${false}${0}`.text,
      "<ul><li>a</li><li>&#60;b&#62;</li></ul>0",
    )
  })
})

const unescaped = (markup = ""): string =>
  markup.replace(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)))
