import { readdir, readFile } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

/** The repository's directory, with a slash at its end. */
export const ROOT = fileURLToPath(new URL("../../", import.meta.url))

/** A page of the documentation. */
export interface Page {
  /** From the repository's directory, with slashes. */
  readonly path: string
  readonly text: string
}

/** The pages in a directory and those below it. */
export async function pagesIn(directory: string): Promise<Page[]> {
  const entries = await readdir(join(ROOT, directory), { recursive: true, withFileTypes: true })
  const files = entries.filter(entry => entry.isFile() && entry.name.endsWith(".md"))
  const paths = files.map(({ parentPath, name }) => join(parentPath, name).slice(ROOT.length))
  return Promise.all(paths.sort().map(path => page(path.replaceAll("\\", "/"))))
}

export const page = async (path: string): Promise<Page> => ({
  path,
  text: await readFile(join(ROOT, path), "utf8"),
})

/** What a user of the package reads. */
export const userPages = async (): Promise<Page[]> => [
  await page("README.md"),
  ...(await pagesIn("docs/guide")),
]

/** Every page that is written for people. */
export async function allPages(): Promise<Page[]> {
  const entries = await readdir(ROOT)
  const top = entries.filter(name => name.endsWith(".md")).sort()
  return [...(await Promise.all(top.map(page))), ...(await pagesIn("docs"))]
}
