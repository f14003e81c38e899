import { parseArgs } from "node:util"
import { fuzz, linesOf, sizeOf } from "./fuzz.ts"
import { openTargets } from "./targets.ts"

const USAGE = "npm run fuzz -- [--runs 1000000] [--seed 1] [--only NAME]"

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "1000000" },
    seed: { type: "string", default: String(Date.now() & 0x7fffffff) },
    only: { type: "string", default: "" },
  },
})
const [runs, seed] = [Number(values.runs), Number(values.seed)]
await using opened = await openTargets()
const targets = opened.targets.filter(({ name }) => name.includes(values.only))
if (!Number.isSafeInteger(runs) || runs < 1 || !Number.isSafeInteger(seed) || targets.length === 0) {
  console.error(`${USAGE}\nNames: ${opened.targets.map(({ name }) => name).join(", ")}`)
  process.exit(2)
}

const each = Math.ceil(runs / targets.length)
const begun = performance.now()
let total = 0
console.log(`${runs} inputs for ${targets.length} targets, seed ${seed}`)
for (const target of targets) {
  const started = performance.now()
  const tally = await fuzz(target, { runs: each, seed })
  total += sizeOf(tally)
  console.log(`\n${target.name}: ${sizeOf(tally)} inputs in ${seconds(started)} s`)
  for (const line of linesOf(tally)) console.log(line)
}
console.log(`\n${total} inputs in ${seconds(begun)} s: no promise was broken`)

function seconds(since: number): string {
  return ((performance.now() - since) / 1000).toFixed(1)
}
