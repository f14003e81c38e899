import { readFile } from "node:fs/promises"
import { dirname, join } from "node:path"
import { ROOT } from "./pages.ts"

/** What one entry point of the package exports. */
export interface EntryPoint {
  /** As a user imports it: `sojourn/node`. */
  readonly name: string
  readonly values: readonly string[]
  readonly types: readonly string[]
}

interface Manifest {
  readonly name: string
  readonly exports: Readonly<Record<string, string>>
}

/** The entry points of the built package: values as they are at run time, types as the declarations have them. */
export async function entryPoints(): Promise<EntryPoint[]> {
  const manifest: Manifest = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8"))
  const modules = Object.entries(manifest.exports).filter(([, file]) => file.endsWith(".js"))
  return Promise.all(
    modules.map(async ([path, file]) => {
      const name = manifest.name + path.slice(1)
      const values = Object.keys(await import(name))
      const declared = await declaredNames(join(ROOT, file.replace(/\.js$/, ".d.ts")))
      return { name, values, types: [...declared].filter(type => !values.includes(type)) }
    }),
  )
}

const LIST = /^export (?:type )?\{([^}]*)\}/gm
const ALL = /^export (?:type )?\* from "([^"]+)"/gm
const OWN = /^export (?:declare )?(?:abstract )?(?:interface|type|class|function|const) ([A-Za-z]\w*)/gm

async function declaredNames(file: string): Promise<Set<string>> {
  const text = await readFile(file, "utf8")
  const lists = [...text.matchAll(LIST)].flatMap(([, list = ""]) => list.split(","))
  const listed = lists.map(each =>
    each
      .trim()
      .replace(/^type /, "")
      .replace(/^\w+ as /, ""),
  )
  const own = [...text.matchAll(OWN)].map(([, name = ""]) => name)
  const names = new Set([...listed, ...own].filter(Boolean))
  for (const [, target = ""] of text.matchAll(ALL)) {
    const next = join(dirname(file), target.replace(/\.[jt]s$/, ".d.ts"))
    for (const name of await declaredNames(next)) names.add(name)
  }
  return names
}
