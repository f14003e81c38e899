import assert from "node:assert/strict"
import { isId, isWellFormed, splitToken } from "../../../src/core/token.ts"
import { tokenProtection } from "../../../src/http/token-protection.ts"
import { generateKey, type TokenKind } from "../../../src/index.ts"
import type { Live, LiveSessions } from "../live-sessions.ts"
import { type AnyTarget, target } from "../target.ts"

const ALPHABET = new Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
const consistsOfBase64 = (text: string): boolean => [...text].every(letter => ALPHABET.has(letter))
const PIECES = ["A", ".", "-", "=", "é", "\ud800"]

/** Tokens of each kind: their syntax, and which sessions they open. */
export function sessionTargets(live: LiveSessions): AnyTarget[] {
  const { encrypted, plain, signed } = live
  return [
    syntaxTarget(plain),
    openingTarget("plain", plain, [signed, encrypted]),
    openingTarget("signed", signed, [plain, encrypted]),
    openingTarget("encrypted", encrypted, [plain, signed]),
  ]
}

/** A token is 22 characters, a dot and 43 characters of base64url, said without a regular expression. */
function syntaxTarget(plain: Live): AnyTarget {
  const valid = [...plain.tokens.keys()]
  return target({
    name: "token syntax",
    seeds: { valid, foreign: valid.map(token => token.slice(0, 22)), pieces: PIECES },
    run(text) {
      const token = splitToken(text)
      return { token: token && isWellFormed(token) ? token : undefined, id: isId(text) }
    },
    judge({ text }, { token, id }) {
      const [first = "", second = "", ...rest] = text.split(".")
      const isToken = first.length === 22 && second.length === 43 && rest.length === 0
      const expected = isToken && consistsOfBase64(first) && consistsOfBase64(second)
      assert.deepEqual(token, expected ? { id: first, secret: second } : undefined)
      assert.equal(id, text.length === 22 && consistsOfBase64(text))
      return expected ? "token" : id ? "id" : "neither"
    },
  })
}

/** Whatever is not exactly what has been issued opens nothing, but for another spelling of the same bytes. */
function openingTarget(kind: TokenKind, live: Live, others: readonly Live[]): AnyTarget {
  const valid = [...live.tokens.keys()]
  const foreign = [...others.flatMap(({ tokens }) => [...tokens.keys()]), ...ofOtherKeys(kind, live)]
  const { sessions, tokens } = live
  return target({
    name: `${kind} token`,
    seeds: { valid, foreign, pieces: PIECES },
    async run(text) {
      const presented = sessions.edge.carriers.present({
        method: "GET",
        url: "/",
        header: name => (name === "cookie" ? `${sessions.edge.carrier.cookie.name}=${text}` : undefined),
      })
      return await sessions.open(presented.token, presented.opening)
    },
    judge({ kind: inputKind, text }, { id, isStored }) {
      if (!isStored) {
        assert.notEqual(inputKind, "valid")
        return "refused"
      }
      const issued = textWithin(text, tokens, kind)
      assert.notEqual(inputKind, "of another use")
      assert.ok(issued !== undefined, `opens a session: ${JSON.stringify(text)}`)
      assert.equal(id, tokens.get(issued))
      return issued === text ? "opened" : "opened in another spelling"
    },
  })
}

/** The issued token that the cookie's value is, up to quotes, blanks, what follows a semicolon, and the unused bits of base64. */
function textWithin(text: string, tokens: ReadonlyMap<string, string>, kind: TokenKind): string | undefined {
  if (tokens.has(text)) return text
  const [value = ""] = text.split(";")
  const bare = value.trim().replace(/^"(.*)"$/s, "$1")
  return [...tokens.keys()].find(token => bare === token || isRespelt(bare, token, kind))
}

/** Of a plain token nothing can be spelt otherwise; of a signed one its end, which is 32 bytes. */
function isRespelt(text: string, token: string, kind: TokenKind): boolean {
  if (kind === "plain" || text.length !== token.length) return false
  const clear = kind === "signed" ? 67 : 0
  if (text.slice(0, clear) !== token.slice(0, clear)) return false
  const [bytes, issued] = [text, token].map(each => Buffer.from(each.slice(clear), "base64url"))
  return bytes !== undefined && issued?.equals(bytes) === true
}

/** The same tokens, protected with another key, or with a key for another cookie. */
function ofOtherKeys(kind: TokenKind, { keys, sessions, tokens }: Live): string[] {
  const valid = [...tokens.keys()]
  if (kind === "plain") return valid.map(token => `${token.slice(0, 23)}${"A".repeat(43)}`)
  const { name } = sessions.edge.carrier.cookie
  const own = tokenProtection(kind, keys, name)
  const others = [tokenProtection(kind, [generateKey()], name), tokenProtection(kind, keys, "other")]
  return valid.flatMap(text => others.map(other => other.wrap(own.open(text)?.token ?? "")))
}
