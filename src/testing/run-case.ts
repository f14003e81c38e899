import { randomUUID } from "node:crypto"
import type { SessionStore } from "../contract/store.ts"
import type { CaseDefinition, CaseResult } from "./contract-case.ts"
import type { ContractSubject, Place } from "./contract-cases.ts"
import { ManualClock } from "./manual-clock.ts"
import { RecordBuilder } from "./record-builder.ts"
import { seedOf } from "./seeded-random.ts"
import { Trial } from "./trial.ts"

const DEADLINE = 30_000

/** Opens a store, runs the case on it and closes it, each within the deadline. */
export async function runCase(definition: CaseDefinition, subject: ContractSubject): Promise<CaseResult> {
  const within = <T>(what: string, work: Promise<T>) => withDeadline(what, work, subject.deadline ?? DEADLINE)
  const clock = new ManualClock()
  const seed = subject.seed ?? 0
  const place: Place = { now: clock.now, place: `sojourn${randomUUID().replaceAll("-", "")}` }
  const first = await within("open", openIn(place, subject.open))
  let current: SessionStore | undefined = first
  const close = async () => {
    const store = current
    current = undefined
    if (store) await within("close", store.close())
  }
  const reopen = async () => {
    await close()
    const store = await openIn(place, subject.reopen)
    current = store
    return store
  }
  const records = new RecordBuilder(clock, seedOf(definition.name, seed))
  const trial = new Trial(first, { clock, records, seed, reopen })
  let result: CaseResult
  try {
    result = await within("the case", definition.run(trial))
  } catch (error) {
    await close().catch(() => {})
    throw error
  }
  await close()
  return result
}

async function openIn(place: Place, open: ContractSubject["open"] | undefined): Promise<SessionStore> {
  if (!open) throw new TypeError("the case reopens the store: a durable store needs `reopen`")
  return open(place)
}

async function withDeadline<T>(what: string, work: Promise<T>, milliseconds: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    const fail = () =>
      reject(new Error(`${what} took longer than ${milliseconds} ms: a call of the store hangs`))
    timer = setTimeout(fail, milliseconds)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
