import assert from "node:assert/strict"
import { execFile } from "node:child_process"
import { existsSync } from "node:fs"
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { after, before, describe, it } from "node:test"
import { promisify } from "node:util"
import { type Example, examplesOf } from "./example.ts"
import { ROOT, userPages } from "./pages.ts"

const run = promisify(execFile)

/** Within the package, so that `sojourn` is the built package itself. */
const DIRECTORY = join(ROOT, ".examples")
const VISITOR = new URL("./visitor.ts", import.meta.url).href

/** As a careful user's project has it. */
const TSCONFIG = {
  compilerOptions: {
    target: "es2023",
    lib: ["es2023", "esnext.disposable"],
    types: ["node"],
    module: "nodenext",
    moduleDetection: "force",
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    verbatimModuleSyntax: true,
    erasableSyntaxOnly: true,
    noEmit: true,
  },
  include: ["*.ts"],
}

const fileOf = (example: Example): string => `${example.name.replaceAll(/[^A-Za-z0-9]+/g, "-")}.ts`

describe("the examples of README and guide", { concurrency: 2 }, async () => {
  const examples = (await userPages()).flatMap(examplesOf)

  before(async () => {
    assert.ok(
      existsSync(join(ROOT, "dist/index.js")),
      "the examples run against the built package: npm run build",
    )
    await rm(DIRECTORY, { recursive: true, force: true })
    await mkdir(DIRECTORY)
    await writeFile(join(DIRECTORY, ".gitignore"), "*\n")
    await writeFile(join(DIRECTORY, "tsconfig.json"), JSON.stringify(TSCONFIG))
    for (const example of examples) await writeFile(join(DIRECTORY, fileOf(example)), example.code)
  })

  after(() => rm(DIRECTORY, { recursive: true, force: true }))

  it("have no type errors in a strict project", async () => {
    const compiler = join(ROOT, "node_modules/typescript/bin/tsc")
    const { stdout } = await run(process.execPath, [compiler, "-p", DIRECTORY]).catch(error => error)
    // Declarations of other packages, which may want a browser's types, are not checked; those of this one are.
    assert.equal(stdout.replaceAll(/^node_modules\/.*\n/gm, ""), "")
  })

  for (const example of examples) {
    it(`${example.name} runs and does what it says`, async () => {
      const { stdout } = await runExample(example)
      if (example.output.length > 0) assert.deepEqual(stdout.trimEnd().split("\n"), example.output)
    })
  }
})

/** In a process and a working directory of its own. Rejects, with what it printed, when it fails or does not end. */
async function runExample(example: Example): Promise<{ stdout: string }> {
  const directory = await mkdtemp(join(tmpdir(), "sojourn-example-"))
  const { NODE_TEST_CONTEXT: _, ...env } = process.env
  try {
    return await run(process.execPath, ["--import", VISITOR, join(DIRECTORY, fileOf(example))], {
      cwd: directory,
      env: { ...env, EXAMPLE_VISITS: JSON.stringify(example.visits) },
      timeout: 60_000,
    })
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}
