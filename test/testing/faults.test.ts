import assert from "node:assert/strict"
import { describe, it } from "node:test"
import {
  type ContractCase,
  type ContractSubject,
  contractCases,
  type Place,
} from "../../src/testing/index.ts"
import type { Fault } from "./faults/fault.ts"
import { faults } from "./faults.ts"
import { type Disk, ReferenceStore } from "./reference-store.ts"

/** A call that hangs is found after this time; no other case comes near it. */
const DEADLINE = 1_000

/** A fault that fails more cases than this says nothing about any of them. */
const TELLING = 60

const isRandom = ({ name }: ContractCase): boolean => name.includes("random steps")

describe("the store contract finds a store that", () => {
  const proven = new Set<string>()

  for (const fault of faults) {
    it(fault.name, async () => {
      const failures = await failuresOf(casesFor(fault).filter(each => !isRandom(each)))
      assert.notDeepEqual(failures, [])
      if (failures.length <= TELLING) for (const name of failures) proven.add(name)
    })
  }

  it("breaks any one of its cases: each is failed by some planted fault", () => {
    const sound: Fault = { name: "keeps the contract", open: now => new ReferenceStore(now) }
    const named = casesFor(sound).filter(each => !isRandom(each))
    const unproven = named.filter(({ name }) => !proven.has(name))
    assert.deepEqual(unproven, [])
  })
})

describe("the random runs by themselves find a store that", () => {
  const found = [
    "ignores the epoch",
    "unsets after setting",
    "moves the use back by a touch",
    "extends past the absolute end",
    "does not raise the epoch",
    "judges a call by what was stored before it",
    "serves expired records from findNow",
    "sweeps the living",
    "forgets the user index at a rotation",
    "counts sessions for users",
    "drops the external id",
    "keeps the external id after it has gone",
  ]
  for (const fault of faults.filter(({ name }) => found.includes(name))) {
    it(fault.name, async () => {
      const random = casesFor(fault).filter(isRandom)
      assert.equal((await failuresOf(random)).length, random.length)
      for (const each of random)
        await assert.rejects(each.run(), /with \{ seed: 0 \} the store and the model part at step \d+/)
    })
  }

  it("is one of twelve kinds", () => {
    const names = faults.map(({ name }) => name)
    assert.deepEqual(
      found.filter(name => !names.includes(name)),
      [],
    )
  })
})

function casesFor(fault: Fault): ContractCase[] {
  const disks = new Map<string, Disk>()
  const open = ({ now, place }: Place) => {
    const disk = disks.get(place) ?? new Map()
    disks.set(place, disk)
    return fault.open(now, disk)
  }
  const subject: ContractSubject = { open, reopen: open, durable: true, deadline: DEADLINE }
  return contractCases(subject)
}

async function failuresOf(cases: readonly ContractCase[]): Promise<string[]> {
  const failed = await Promise.all(cases.map(fails))
  return cases.filter((_, index) => failed[index]).map(({ name }) => name)
}

const fails = (each: ContractCase): Promise<boolean> =>
  each.run().then(
    () => false,
    () => true,
  )
