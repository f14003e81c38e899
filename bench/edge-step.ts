/** Measures one step. */
import { answering } from "./child.ts"
import type { Question } from "./edge.ts"
import { isStep, STEPS } from "./edge-steps.ts"
import { processorTime } from "./processor-time.ts"

const WARM_UP = 20_000

const [name] = process.argv.slice(2)
if (!isStep(name)) throw new Error(`there is no step ${name}`)
const step = await STEPS[name]()
for (let time = 0; time < WARM_UP; time++) await step()

answering(({ milliseconds }: Question) => processorTime(step, milliseconds))
