/**
 * What sojourn costs, beside what other libraries cost. `npm run bench` installs these and runs it.
 *
 *     node bench/main.ts [--quick] [--only sealed,edge] [--json file] [--plot docs/scale.svg]
 */
import { writeFile } from "node:fs/promises"
import { cpus, loadavg } from "node:os"
import { parseArgs } from "node:util"
import { measureEdge } from "./edge.ts"
import { measureFile } from "./file.ts"
import { measureHttp } from "./http.ts"
import { measureInProcess } from "./in-process.ts"
import { measureMemory } from "./memory.ts"
import { measureNearCache } from "./near-cache.ts"
import { measurePostgres, measureRedis } from "./networked.ts"
import { type Part, printPart, printVerdict } from "./report.ts"
import { measureRevocation } from "./revocation.ts"
import { measureScale } from "./scale.ts"
import { measureSealed } from "./sealed.ts"
import { measureSqlite } from "./sqlite.ts"

const PARTS: Record<string, (quick: boolean) => Promise<Part>> = {
  read: quick => measureInProcess("/read", quick),
  write: quick => measureInProcess("/write", quick),
  http: measureHttp,
  memory: measureMemory,
  file: measureFile,
  sqlite: measureSqlite,
  sealed: measureSealed,
  edge: measureEdge,
  postgres: measurePostgres,
  redis: measureRedis,
  "near-cache": measureNearCache,
  scale: measureScale,
  revocation: measureRevocation,
}

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    only: { type: "string", default: Object.keys(PARTS).join() },
    json: { type: "string" },
    plot: { type: "string" },
  },
})

console.log(`Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model.trim()}`)
console.log(
  `load of the machine before: ${loadavg()
    .map(load => load.toFixed(1))
    .join(", ")}`,
)
console.log("each figure is a median; in parentheses the quartiles")

const parts: Part[] = []
for (const name of values.only.split(",")) {
  const measure = PARTS[name]
  if (!measure) throw new Error(`there is no part ${name}: there are ${Object.keys(PARTS).join(", ")}`)
  const start = performance.now()
  const part = await measure(values.quick)
  printPart(part)
  console.log(`\n  ${name} took ${Math.round((performance.now() - start) / 1000)} s`)
  parts.push(part)
  if (part.plot !== undefined && values.plot !== undefined) await writeFile(values.plot, part.plot)
}
printVerdict(parts)
if (values.json !== undefined)
  await writeFile(
    values.json,
    JSON.stringify(
      parts.map(({ title, findings }) => ({ title, findings })),
      null,
      2,
    ),
  )
