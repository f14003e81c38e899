import assert from "node:assert/strict"
import { withReturnPath } from "../../../src/http/guards/return-path.ts"
import { safeReturnPath } from "../../../src/index.ts"
import { type AnyTarget, target } from "../target.ts"

const BASES = [
  "https://shop.example/",
  "http://localhost:3000/login?returnTo=/a",
  "https://shop.example:8443/a/b/../c/#d",
  "http://127.0.0.1/",
  "https://[::1]/x",
  "https://user:password@shop.example/",
]
const VALID = [
  "/",
  "/a",
  "/a/b?c=d&e#f",
  "/a//b",
  "/%2f%2fevil",
  "/?next=//evil.example",
  "/a/../b",
  "/ü?q=😀",
  "/@evil.example",
]
const EVIL = [
  "//evil.example",
  "https://evil.example",
  "/\\evil.example",
  "\\\\evil.example",
  "/\t/evil.example",
  "/.//evil.example",
  "/..//evil.example",
  "/%2e//evil.example",
  "/a/..//evil.example",
  "/\n\\evil.example",
  "javascript:alert(1)",
  "http:evil.example",
  "///evil.example",
  "evil.example",
  "@evil.example",
]
const PIECES = [
  "/",
  "//",
  "\\",
  ".",
  "..",
  "/.",
  "/..",
  "%2e",
  "%2f",
  "%5c",
  "\t",
  "\n",
  "@",
  ":",
  "https:",
  "javascript:",
  "evil.example",
  "?",
  "#",
]

const partsOf = ({ pathname, search, hash }: URL): string[] => [pathname, search, hash]

/** Where a login page is asked to go back to: nowhere but to this site, wherever that is (CWE-601). */
export const returnPathTargets = (): AnyTarget[] => [
  target({
    name: "return path",
    seeds: { valid: VALID, foreign: EVIL, pieces: PIECES },
    run: text => ({
      path: safeReturnPath(text, "/otherwise"),
      login: withReturnPath("/login?a=b", "returnTo", text),
    }),
    judge({ kind, text }, { path, login }) {
      for (const base of BASES) {
        const there = new URL(path, base)
        assert.equal(there.origin, new URL(base).origin, JSON.stringify(text))
        if (path !== "/otherwise") assert.deepEqual(partsOf(there), partsOf(new URL(text, base)))
      }
      assert.match(path, /^\/(?!\/)[!-~]*$/)
      assert.equal(safeReturnPath(path), path)
      const asked = new URL(login, BASES[0])
      assert.equal(asked.searchParams.get("returnTo"), path === "/otherwise" ? "/" : path)
      assert.equal(asked.pathname, "/login")
      if (path !== "/otherwise") return "taken"
      assert.notEqual(kind, "valid")
      return "refused"
    },
  }),
]
