import assert from "node:assert/strict"
import { csrfToken, generateKey, isCsrfToken, requireCsrfToken, type Session } from "../../../src/index.ts"
import type { LiveSessions } from "../live-sessions.ts"
import { type AnyTarget, target } from "../target.ts"

const PIECES = ["A", "-", "_csrf", "=", "é"]

/** Anti-forgery tokens, given to the comparison and to the guard. */
export function csrfTargets({ plain: { sessions } }: LiveSessions): AnyTarget[] {
  const [own, other, without] = [1, 2, 3].map(() => sessions.open(undefined) as Session)
  if (!own || !other || !without) throw new Error("a visitor's session is opened at once")
  const valid = [1, 2, 3, 4].map(() => csrfToken(own))
  const foreign = [csrfToken(other), generateKey() + generateKey()]
  const secret = secretOf(valid[0] ?? "")
  const guard = requireCsrfToken()
  return [
    target({
      name: "anti-forgery token",
      seeds: { valid, foreign, pieces: PIECES },
      run: async text => ({
        own: isCsrfToken(own, text),
        without: isCsrfToken(without, text),
        byField: await guard(own, posted({ _csrf: text }, undefined)),
        byHeader: await guard(own, posted({ _csrf: valid[0] }, text)),
      }),
      judge({ kind, text }, result) {
        assert.equal(result.without, false)
        assert.equal(result.own, secretOf(text)?.equals(secret ?? Buffer.alloc(0)) === true)
        assert.equal(result.byField?.status, result.own ? undefined : 403)
        assert.equal(result.byHeader?.status, result.own ? undefined : 403)
        if (!result.own) {
          assert.notEqual(kind, "valid")
          return "refused"
        }
        assert.notEqual(kind, "of another use")
        return valid.includes(text) ? "accepted" : "accepted under another mask"
      },
    }),
  ]
}

const posted = (body: unknown, header: string | undefined) => ({
  method: "POST",
  url: "/",
  header: (name: string) => (name === "x-csrf-token" ? header : undefined),
  addHeader: () => {},
  body,
})

/** What a token hides: its second half without the mask, which is its first. */
function secretOf(token: string): Buffer | undefined {
  if (token.length !== 86 || !/^[\w-]*$/.test(token)) return undefined
  const bytes = Buffer.from(token, "base64url")
  return Buffer.from(Array.from({ length: 32 }, (_, index) => (bytes[index] ?? 0) ^ (bytes[index + 32] ?? 0)))
}
