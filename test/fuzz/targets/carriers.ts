import assert from "node:assert/strict"
import type { CarriedRequest } from "../../../src/http/carriers/carrier.ts"
import { Carriers } from "../../../src/http/carriers/carriers.ts"
import type { CarrierOption } from "../../../src/http/carriers/options.ts"
import { UrlCarrier } from "../../../src/http/carriers/url-carrier.ts"
import { CookieCarrier } from "../../../src/http/cookie-carrier.ts"
import { plainTokens } from "../../../src/http/token-protection.ts"
import type { Seeds } from "../inputs.ts"
import type { LiveSessions } from "../live-sessions.ts"
import { type AnyTarget, target } from "../target.ts"

const BASES = ["https://shop.example/", "http://localhost:3000/a/b/c?d=e#f", "https://[::1]:8443/x/"]

/** Tokens in headers and in URLs, and links that carry them. */
export function carrierTargets({ plain: { tokens } }: LiveSessions): AnyTarget[] {
  const issued = [...tokens.keys()]
  const bearer = ["Bearer ", "bearer   ", "BEARER\t", "Basic ", " ", ","]
  const query = ["?", "&", "sid", "sid=", "&sid=", "#", "?sid=&", "SID=", "%73id=", "/"]
  return [
    readingTarget(
      "Authorization header",
      "header",
      {
        valid: issued.map(token => `Bearer ${token}`),
        foreign: issued.flatMap(token => [token, `Basic ${token}`, `Bearer\t${token}`, `Bearer ${token} x`]),
        pieces: bearer,
      },
      text => ({ method: "POST", url: "/", header: name => (name === "authorization" ? text : undefined) }),
      text => /^bearer +([^ ]*) *$/i.exec(text)?.[1],
    ),
    readingTarget(
      "header of its own",
      { header: "X-Session-Token" },
      { valid: issued, foreign: issued.map(token => `Bearer ${token}`), pieces: bearer },
      text => ({ method: "POST", url: "/", header: name => (name === "x-session-token" ? text : undefined) }),
      text => text,
    ),
    readingTarget(
      "token in the URL",
      { urlParameter: "sid", allowTokensInUrls: true },
      {
        valid: issued.flatMap(token => [`/?sid=${token}`, `/a?b=c&sid=${token}&d`]),
        foreign: issued.flatMap(token => [
          `/sid=${token}`,
          `/?SID=${token}`,
          `/?%73id=${token}`,
          `/?a=sid=${token}`,
        ]),
        pieces: query,
      },
      text => ({ method: "GET", url: text, header: () => undefined }),
      text => parameterOf(text, "sid"),
    ),
    linkTarget(query),
  ]
}

function readingTarget(
  name: string,
  option: CarrierOption,
  seeds: Seeds,
  requestOf: (text: string) => CarriedRequest,
  textIn: (text: string) => string | undefined,
): AnyTarget {
  const cookie = new CookieCarrier()
  const carriers = new Carriers({ carriers: [option], issueBy: undefined }, cookie, plainTokens, undefined)
  return target({
    name,
    seeds,
    run: text => carriers.present(requestOf(text)),
    judge({ kind, text }, { token }) {
      if (!token) {
        assert.notEqual(kind, "valid")
        return token === undefined ? "nothing there" : "malformed"
      }
      assert.equal(token, textIn(text))
      return "a token"
    },
  })
}

function parameterOf(url: string, name: string): string | undefined {
  const query = url.includes("?") ? url.slice(url.indexOf("?") + 1) : ""
  const pair = query.split("&").find(each => each === name || each.startsWith(`${name}=`))
  return pair?.slice(name.length + 1)
}

/** A link either stays as it is, or carries the token to a place of this site, which is the same place as before. */
function linkTarget(query: readonly string[]): AnyTarget {
  const token = `${"A".repeat(22)}.${"b".repeat(43)}`
  const carrier = new UrlCarrier("sid", plainTokens)
  const pieces = [...query, "//", "/\\", "https:", "javascript:", "\t", "\n", "..", ":"]
  const valid = ["/", "next", "?page=2", "/a/b?c=d#e", "../up", "./a:b", `/?sid=${"x".repeat(9)}&a`]
  const foreign = [
    "//evil.example/",
    "https://evil.example",
    "\\\\evil.example",
    "#top",
    "mailto:a@b.c",
    " /x",
    "",
  ]
  return target({
    name: "link with a token",
    seeds: { valid, foreign, pieces },
    run: text => carrier.rewrite(text, token),
    judge({ kind, text }, link) {
      if (link === text) {
        assert.notEqual(kind, "valid")
        return "left as it is"
      }
      for (const base of BASES) assertSameSite(text, link, base, token)
      return "rewritten"
    },
  })
}

function assertSameSite(before: string, after: string, base: string, token: string): void {
  const [given, made] = [new URL(before, base), new URL(after, base)]
  const { origin } = new URL(base)
  assert.deepEqual([given.origin, made.origin], [origin, origin], JSON.stringify(before))
  // The URL parser drops blanks at the end, where the token now stands.
  if (!before.endsWith(" ")) {
    assert.deepEqual([made.pathname, made.hash], [given.pathname, given.hash], JSON.stringify(before))
  }
  assert.equal(parameterOf(`/${made.search}`, "sid"), token)
}
