import assert from "node:assert/strict"
import { describe, it } from "node:test"
import fc from "fast-check"
import { UrlCarrier } from "../../../src/http/carriers/url-carrier.ts"
import { plainTokens } from "../../../src/http/token-protection.ts"
import { adapters, cookieOf, sessionsWith, told } from "./site.ts"

const url = { urlParameter: "sid", allowTokensInUrls: true } as const
const firefox = { "user-agent": "Mozilla/5.0 Firefox/140.0" }

describe("a token in the URL is off by default, and says what it costs", () => {
  it("the process warns of it (ASVS 14.2.1)", t => {
    const codes: unknown[] = []
    t.mock.method(process, "emitWarning", (_: string, { code }: { code: string }) => codes.push(code))
    sessionsWith({ carriers: [url] })
    sessionsWith({})
    assert.deepEqual(codes, ["SOJOURN_TOKENS_IN_URLS"])
  })
})

for (const [name, serve] of Object.entries(adapters)) {
  describe(`a token in the URL, over ${name}`, () => {
    const loggedIn = async (
      use: (link: string, ask: Parameters<Parameters<typeof serve>[1]>[0]) => Promise<void>,
    ) => {
      const sessions = sessionsWith({ carriers: [url] })
      const refusals: unknown[] = []
      sessions.on("refused", event => refusals.push(event.reason))
      await serve(sessions, async ask => {
        const { link = "" } = await told(await ask("/login", "POST", firefox))
        await use(link, ask)
      })
      return refusals
    }

    it("travels in the links of this site, and no other", async () => {
      await loggedIn(async (link, ask) => {
        assert.match(link, /^\/next\?page=2&sid=[\w-]{22}\.[\w-]{43}#top$/)
        const page = await ask(link, "GET", firefox)
        const answer = await told(page)
        assert.equal(answer["userId"], "anna")
        assert.equal(answer["link"], link)
        assert.equal(answer["away"], "https://evil.example/")
        assert.equal(answer["token"], undefined)
      })
    })

    it("no referrer tells of it, and no cache keeps it", async () => {
      await loggedIn(async (link, ask) => {
        const page = await ask(link, "GET", firefox)
        assert.equal(page.headers.get("referrer-policy"), "no-referrer")
        assert.equal(page.headers.get("cache-control"), "no-store")
        assert.deepEqual(page.headers.getSetCookie(), [])
        assert.equal((await ask("/", "GET", firefox)).headers.get("referrer-policy"), "no-referrer")
      })
    })

    it("opens nothing for another user agent, and is told as refused", async () => {
      const refusals = await loggedIn(async (link, ask) => {
        for (const agent of ["Mozilla/5.0 Chrome/140.0", "Mozilla/5.0 Firefox/141.0", ""]) {
          const answer = await told(await ask(link, "GET", { "user-agent": agent }))
          assert.equal(answer["userId"], "nobody")
          assert.equal(answer["link"], "/next?page=2#top")
        }
      })
      assert.deepEqual(refusals, ["userAgent", "userAgent", "userAgent"])
    })

    it("opens nothing but pages: a form post with it is a visitor's", async () => {
      await loggedIn(async (link, ask) => {
        assert.equal((await told(await ask(link, "POST", firefox)))["userId"], "nobody")
      })
    })

    it("an old token in a link is replaced by the new one", async () => {
      await loggedIn(async (link, ask) => {
        const { link: renewed = "" } = await told(await ask(link.replace("/next", "/login"), "GET", firefox))
        assert.notEqual(renewed, link)
        assert.equal((await told(await ask(link, "GET", firefox)))["userId"], "nobody")
        assert.equal((await told(await ask(renewed, "GET", firefox)))["userId"], "anna")
      })
    })

    it("links stay as they are where the token is a cookie", async () => {
      await serve(sessionsWith({ carriers: ["cookie", url] }), async ask => {
        const login = await ask("/login", "POST", firefox)
        assert.notEqual(cookieOf(login), "")
        assert.equal((await told(login))["link"], "/next?page=2#top")
      })
    })
  })
}

describe("rewriting a link", () => {
  const carrier = new UrlCarrier("sid", plainTokens)
  for (const [link, expected] of [
    ["/", "/?sid=T"],
    ["/a?b=1", "/a?b=1&sid=T"],
    ["/a?sid=old&b=1#c?d", "/a?b=1&sid=T#c?d"],
    ["page", "page?sid=T"],
    ["../up/", "../up/?sid=T"],
    ["?b=1", "?b=1&sid=T"],
    ["/?", "/?sid=T"],
    ["", ""],
    ["#top", "#top"],
    ["//evil.example/", "//evil.example/"],
    ["/\\evil.example", "/\\evil.example"],
    ["\\\\evil.example", "\\\\evil.example"],
    ["/\t/evil.example", "/\t/evil.example"],
    [" //evil.example", " //evil.example"],
    ["https://shop.example/", "https://shop.example/"],
    ["http:page", "http:page"],
    ["javascript:alert(1)", "javascript:alert(1)"],
    ["mailto:anna@shop.example", "mailto:anna@shop.example"],
  ] as const) {
    it(`${JSON.stringify(link)} becomes ${JSON.stringify(expected)}`, () => {
      assert.equal(carrier.rewrite(link, "T"), expected)
    })
  }

  it("no link that leads elsewhere ever carries the token", () => {
    const piece = fc.constantFrom(
      "/",
      "\\",
      "//",
      ":",
      "?",
      "#",
      "@",
      ".",
      "\t",
      "\n",
      " ",
      "http",
      "evil.example",
      "a",
      "%2f",
      "sid=x",
      "&",
    )
    const link = fc.array(piece, { maxLength: 8 }).map(pieces => pieces.join(""))
    fc.assert(
      fc.property(link, given => {
        const rewritten = carrier.rewrite(given, "T")
        if (rewritten === given) return
        const target = new URL(rewritten, "https://shop.example/dir/page")
        assert.equal(target.origin, "https://shop.example")
        assert.deepEqual(target.searchParams.getAll("sid"), ["T"])
      }),
      { numRuns: 2_000 },
    )
  })
})
