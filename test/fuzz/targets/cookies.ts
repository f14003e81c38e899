import assert from "node:assert/strict"
import { cookieValues } from "../../../src/http/cookie-header.ts"
import { resolveCookie } from "../../../src/http/cookie-options.ts"
import { VersionCookie } from "../../../src/http/version-cookie.ts"
import type { LiveSessions } from "../live-sessions.ts"
import { type AnyTarget, target } from "../target.ts"

const NAME = "__Host-sid"

/** Whole `Cookie` headers. */
export function cookieTargets({ plain: { sessions, tokens } }: LiveSessions): AnyTarget[] {
  const issued = [...tokens.keys()]
  const { carrier } = sessions.edge
  const pieces = [NAME, `${NAME}=`, `${NAME}=;`, "; ", '"', " ", "\t", "sid=", `x${NAME}=1`]
  const headers = issued.flatMap(token => [
    `${NAME}=${token}`,
    `a=b; ${NAME}=${token}; c=d`,
    `${NAME}="${token}"`,
    `${NAME}=forged; ${NAME}=${token}`,
  ])
  const foreign = issued.map(token => `sid=${token}; X${NAME}=${token}`)
  return [
    target({
      name: "Cookie header",
      seeds: { valid: headers, foreign, pieces },
      run: text => ({ values: cookieValues(text, NAME), opened: carrier.read(text) }),
      judge({ kind, text }, { values, opened }) {
        const plain = plainly(text, NAME)
        for (const value of values) assert.ok(plain.includes(value), JSON.stringify([text, value]))
        assert.equal(opened === undefined, values.length === 0)
        if (!opened?.token) {
          assert.notEqual(kind, "valid")
          return opened ? "malformed" : "no cookie"
        }
        assert.ok(values.includes(opened.token))
        return "a token"
      },
    }),
    versionTarget(),
  ]
}

/** Split at semicolons, then at the first equals sign (RFC 6265bis, 5.6), without quotes. */
function plainly(header: string, name: string): string[] {
  const values: string[] = []
  for (const pair of header.split(";")) {
    const equals = pair.indexOf("=")
    if (equals === -1 || pair.slice(0, equals).replace(/^[ \t]+|[ \t]+$/g, "") !== name) continue
    const value = pair.slice(equals + 1).trim()
    values.push(value.length > 1 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value)
  }
  return values
}

function versionTarget(): AnyTarget {
  const cookie = new VersionCookie(resolveCookie())
  const name = `${NAME}-v`
  const pieces = [name, `${name}=`, "0", "9", "-", "1e9", ";", " "]
  const valid = ["1", "42", "999999999999999"].map(version => `${name}=${version}`)
  const foreign = ["0", "-1", "1.5", "0x10", "1e3", "9999999999999999", "Infinity", "１"].map(
    version => `${name}=${version}`,
  )
  return target({
    name: "version cookie",
    seeds: { valid, foreign, pieces },
    run: text => cookie.read(text),
    judge({ kind, text }, version) {
      assert.ok(Number.isSafeInteger(version) && version >= 0)
      if (version === 0) {
        assert.notEqual(kind, "valid")
        return "none"
      }
      assert.equal(plainly(text, name)[0], String(version))
      return "a version"
    },
  })
}
