import assert from "node:assert/strict"
import { existsSync } from "node:fs"
import { readFile } from "node:fs/promises"
import { dirname, join, normalize } from "node:path"
import { describe, it } from "node:test"
import { allPages, type Page, page, ROOT } from "./pages.ts"

interface Link {
  readonly text: string
  /** From the repository's directory. */
  readonly file: string
  readonly anchor: string | undefined
}

const LINK = /\[(?<text>[^\]]*)\]\((?<target>[^)\s]+)\)/g

function linksOf({ path, text }: Page): Link[] {
  const prose = text.replaceAll(/^```.*?^```$/gms, "")
  const links = [...prose.matchAll(LINK)].map(({ groups = {} }) => groups)
  return links
    .filter(({ target = "" }) => !/^[a-z]+:/.test(target))
    .map(({ text: label = "", target = "" }) => {
      const [file = "", anchor] = target.split("#")
      return { text: label, file: file === "" ? path : normalize(join(dirname(path), file)), anchor }
    })
}

/** As GitHub names the anchor of a heading. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
    .trim()
    .replaceAll(" ", "-")

describe("the pages of the documentation", async () => {
  for (const each of await allPages()) {
    it(`${each.path} links to files that exist`, () => {
      const missing = linksOf(each).filter(({ file }) => !existsSync(join(ROOT, file)))
      assert.deepEqual(missing, [])
    })

    it(`${each.path} links to headings that exist`, async () => {
      for (const { file, anchor } of linksOf(each)) {
        if (anchor === undefined) continue
        const { text } = await page(file)
        const anchors = [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) => anchorOf(heading))
        assert.ok(anchors.includes(anchor), `${file} has no heading #${anchor}`)
      }
    })
  }

  it("README links each promise to tests whose names begin with its number", async () => {
    const readme = await page("README.md")
    const rows = [...readme.text.matchAll(/^\| (G\d+) \|.*?\((test\/[^)]+)\)/gm)]
    assert.deepEqual(
      rows.map(([, promise]) => promise),
      Array.from({ length: 12 }, (_, index) => `G${index + 1}`),
    )
    for (const [, promise = "", file = ""] of rows) {
      const source = await readFile(join(ROOT, file), "utf8")
      assert.match(source, new RegExp(`["\`]${promise}: `), `${file} has no test of ${promise}`)
    }
  })

  it("SECURITY names tests that exist", async () => {
    const links = linksOf(await page("SECURITY.md")).filter(({ file }) => file.endsWith(".test.ts"))
    assert.ok(links.length > 0)
    for (const { text, file } of links) {
      const source = await readFile(join(ROOT, file), "utf8")
      assert.ok(source.includes(text), `${file} has no test named "${text}"`)
    }
  })
})
