import assert from "node:assert/strict"
import { describe, it } from "node:test"
import fc from "fast-check"
import { isSessionError } from "../../src/contract/errors.ts"
import { cutAfter, isCut, NO_CUT, readCut, writeCut } from "../../src/core/login-cut.ts"

const IDS = ["a", "b", "c"]
const cuts = fc.array(
  fc.record({
    until: fc.integer({ min: 1, max: 20 }),
    except: fc.option(fc.constantFrom(...IDS), { nil: undefined }),
  }),
  { maxLength: 8 },
)

describe("the cut of a user's sessions", () => {
  it("ends what the cuts one by one would have ended, and spares nothing that one of them has", () => {
    fc.assert(
      fc.property(cuts, fc.constantFrom(...IDS), fc.integer({ min: 1, max: 40 }), (made, id, began) => {
        let cut = NO_CUT
        let ended = false
        for (const { until, except } of made) {
          cut = cutAfter(cut, until, except)
          ended ||= except !== id && began <= cut.until
        }
        assert.equal(isCut(cut, id, began), ended)
      }),
    )
  })

  it("only ever grows, though clocks go back, so that each ends all that began after the one before", () => {
    fc.assert(
      fc.property(cuts, made => {
        let cut = NO_CUT
        for (const { until, except } of made) {
          const after = cutAfter(cut, until, except)
          assert.ok(after.until > cut.until && after.until >= until)
          cut = after
        }
      }),
    )
  })

  it("is read as it was written", () => {
    fc.assert(
      fc.property(cuts, made => {
        const cut = made.reduce((before, { until, except }) => cutAfter(before, until, except), NO_CUT)
        assert.deepEqual(readCut(writeCut(cut)), cut)
      }),
    )
  })

  it("that cannot be read is not passed over", () => {
    for (const text of [
      undefined,
      "",
      "null",
      "{}",
      '{"until":"1"}',
      '{"until":1,"except":{"id":1}}',
      "[1]",
    ]) {
      assert.throws(
        () => readCut(text),
        error => isSessionError(error, "ERR_SESSION_STORE_CORRUPT"),
      )
    }
  })
})
