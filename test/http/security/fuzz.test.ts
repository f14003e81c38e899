import assert from "node:assert/strict"
import { after, before, describe, it } from "node:test"
import { isToken } from "../../../src/core/token.ts"
import { fuzz, sizeOf } from "../../fuzz/fuzz.ts"
import { ODDITIES } from "../../fuzz/inputs.ts"
import { type AnyTarget, target } from "../../fuzz/target.ts"
import { openTargets, type Targets } from "../../fuzz/targets.ts"
import { workOf } from "../../fuzz/work.ts"

/** A fixed seed: this is the same each time. The long run, `npm run fuzz`, has another each time. */
const OPTIONS = { runs: 1_000, seed: 20_26 }

const TOKEN = `${"i".repeat(22)}.${"s".repeat(43)}`
const NAMES = [
  "token syntax",
  "plain token",
  "signed token",
  "encrypted token",
  "JWE",
  "sealed session",
  "securecookie, signed",
  "securecookie, encrypted",
  "anti-forgery token",
  "Cookie header",
  "version cookie",
  "Authorization header",
  "header of its own",
  "token in the URL",
  "link with a token",
  "X-Forwarded-For",
  "X-Forwarded-Proto",
  "Origin",
  "Sec-Fetch-Site",
  "rate-limit key",
  "client's network",
  "logout body",
  "logout claims",
  "return path",
]

/** Texts of any length meet no other expressions. None of these has two ways to match the same characters. */
const SINGLE_PASS = new Set([
  String(/^[A-Za-z0-9_-]{22}$/),
  String(/^[A-Za-z0-9_-]{86}$/),
  String(/^[1-9][0-9]{0,14}$/),
  String(/^bearer +([^ ]+) *$/i),
  String(/^([A-Za-z0-9_-]+)\.\.([A-Za-z0-9_-]{16})\.([A-Za-z0-9_-]*)\.([A-Za-z0-9_-]{22})$/),
  String(/[\\\p{Cc}]|^\s/u),
  String(/^[a-z][a-z0-9+.-]*:|^\/\//i),
  String(/^([^?#]*)(\?[^#]*)?(#.*)?$/s),
])
/** Node's own, for addresses. */
const isOfNode = (expression: string): boolean => expression.includes("25[0-5]")

const LENGTH = 4_000

describe("what anybody may send", () => {
  let opened: Targets
  before(async () => {
    opened = await openTargets()
  })
  after(() => opened[Symbol.asyncDispose]())

  const named = (name: string): AnyTarget => {
    const found = opened.targets.find(each => each.name === name)
    if (found) return found
    assert.fail(`there is no target ${name}`)
  }

  it("is all named here", () => {
    assert.deepEqual(
      opened.targets.map(({ name }) => name),
      NAMES,
    )
  })

  for (const name of NAMES) {
    it(`${name}: nothing throws, nothing forged is taken, and what is good is`, async () => {
      assert.equal(sizeOf(await fuzz(named(name), OPTIONS)), OPTIONS.runs)
    })

    it(`${name}: a text of twice the length takes twice the work`, async () => {
      for (const grown of growing(named(name))) {
        const [one, two] = [await grown.work(LENGTH), await grown.work(2 * LENGTH)]
        const growth = (two.characters + LENGTH) / (one.characters + LENGTH)
        assert.ok(growth < 2.2, `${JSON.stringify(grown.what)}: ${one.characters}, then ${two.characters}`)
        const unknown = [...two.expressions].filter(each => !SINGLE_PASS.has(each) && !isOfNode(each))
        assert.deepEqual(unknown, [], JSON.stringify(grown.what))
      }
    })
  }
})

describe("the fuzzing itself", () => {
  const seeds = { valid: [TOKEN], pieces: ["."] }

  it("finds what opens to a token of which only the beginning is right", async () => {
    const careless = target({
      name: "careless",
      seeds,
      run: text => isToken(text) && text.slice(0, 22) === TOKEN.slice(0, 22),
      judge: ({ text }, opens) => {
        assert.equal(opens, text === TOKEN)
        return String(opens)
      },
    })
    await assert.rejects(fuzz(careless, OPTIONS), /Counterexample/)
  })

  it("finds what throws", async () => {
    const brittle = target({ name: "brittle", seeds, run: decodeURIComponent, judge: () => "decoded" })
    await assert.rejects(fuzz(brittle, OPTIONS), /Counterexample/)
  })

  it("sees work that grows with the square of the length", async () => {
    const square = (text: string): number => {
      let found = 0
      for (let at = 0; at < text.length; at++) found += text.indexOf("!", at)
      return found
    }
    const work = async (length: number) => (await workOf(() => square("a".repeat(length)), LENGTH)).characters
    const growth = (await work(2 * LENGTH)) / (await work(LENGTH))
    assert.ok(growth > 3.9, `${growth}`)
  })
})

/** Texts of one fragment again and again, alone, and behind and before a good one. */
function growing({ run, seeds }: AnyTarget) {
  const [valid = ""] = seeds.valid
  return [...seeds.pieces, ...ODDITIES].flatMap(piece =>
    (
      [
        ["", ""],
        [valid, ""],
        ["", valid],
      ] as const
    ).map(([before, behind]) => ({
      what: [before, piece, behind],
      work: (length: number) => {
        const text = before + piece.repeat(Math.ceil(length / piece.length)) + behind
        return workOf(() => run(text), LENGTH)
      },
    })),
  )
}
