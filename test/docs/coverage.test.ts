import assert from "node:assert/strict"
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { describe, it } from "node:test"
import { entryPoints } from "./entry-points.ts"
import { examplesOf } from "./example.ts"
import { ROOT, userPages } from "./pages.ts"

describe("README and guide", async () => {
  const pages = await userPages()
  const code = pages.flatMap(({ text }) =>
    [...text.matchAll(/```ts\n.*?^```$|`[^`\n]+`/gms)].map(([found]) => found),
  )
  const mentioned = wordsIn(code)
  const used = wordsIn(pages.flatMap(examplesOf).map(example => example.code))

  for (const { name, values, types } of await entryPoints()) {
    it(`use every value that ${name} exports in an example`, () => {
      assert.ok(values.length > 0 || types.length > 0)
      assert.deepEqual(
        values.filter(value => !used.has(value)),
        [],
      )
    })

    it(`mention every type that ${name} exports`, () => {
      assert.deepEqual(
        types.filter(type => !mentioned.has(type)),
        [],
      )
    })
  }

  it("tell of every error code, each in a row of README's table", async () => {
    const declared = await readFile(join(ROOT, "src/contract/errors.ts"), "utf8")
    const codes = [...declared.matchAll(/"(ERR_SESSION_\w+)"/g)].map(([, found = ""]) => found)
    const rows = pages[0]?.text.split("\n").filter(line => line.startsWith("| `ERR_SESSION_")) ?? []
    const told = wordsIn(rows)
    assert.ok(codes.length > 0)
    assert.deepEqual(
      codes.filter(each => !told.has(each)),
      [],
    )
  })

  it("name no error code that does not exist", async () => {
    const declared = wordsIn([await readFile(join(ROOT, "src/contract/errors.ts"), "utf8")])
    const codes = pages.flatMap(({ text }) => text.match(/ERR_SESSION_\w+/g) ?? [])
    assert.deepEqual(
      codes.filter(each => !declared.has(each)),
      [],
    )
  })
})

function wordsIn(texts: readonly string[]): ReadonlySet<string> {
  return new Set(texts.flatMap(text => text.match(/\w+/g) ?? []))
}
