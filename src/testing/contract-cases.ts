import { SessionError } from "../contract/errors.ts"
import type { SessionStore } from "../contract/store.ts"
import { batchCases } from "./cases/batch.ts"
import { clearableCases } from "./cases/clearable.ts"
import { closeCases } from "./cases/close.ts"
import { concurrencyCases } from "./cases/concurrency.ts"
import { countingCases } from "./cases/counting.ts"
import { createCases } from "./cases/create.ts"
import { durableCases } from "./cases/durable.ts"
import { externalIndexCases } from "./cases/external-index.ts"
import { externalIndexUpkeepCases } from "./cases/external-index-upkeep.ts"
import { findCases } from "./cases/find.ts"
import { hitModelCases } from "./cases/hit-model.ts"
import { hitUpkeepCases } from "./cases/hit-upkeep.ts"
import { hitCases } from "./cases/hits.ts"
import { immediateCases } from "./cases/immediate.ts"
import { immutabilityCases } from "./cases/immutability.ts"
import { modelCases } from "./cases/model.ts"
import { patchCases } from "./cases/patch.ts"
import { revokeCases } from "./cases/revoke.ts"
import { rotateCases } from "./cases/rotate.ts"
import { signalCases } from "./cases/signal.ts"
import { sweepCases } from "./cases/sweep.ts"
import { touchCases } from "./cases/touch.ts"
import { userIndexCases } from "./cases/user-index.ts"
import { userIndexUpkeepCases } from "./cases/user-index-upkeep.ts"
import type { CaseDefinition, CaseResult } from "./contract-case.ts"
import { runCase } from "./run-case.ts"

/** What the suite gives to {@link ContractSubject.open}. */
export interface Place {
  /** The clock by which the store has to judge liveness. */
  readonly now: () => number
  /** A name that is new for every case (letters and digits): a directory, schema or key prefix of its own. */
  readonly place: string
}

/** The store under test and how to open it. */
export type ContractSubject = (Durable | NotDurable) & {
  /** A fresh, empty store for each case. The suite closes it. */
  readonly open: (place: Place) => SessionStore | Promise<SessionStore>
  /** Cases that this store cannot pass, by name, each with the reason. It is shown in the output. */
  readonly except?: Readonly<Record<string, string>>
  /** How long a case may take, in milliseconds. Default: 30,000. */
  readonly deadline?: number
  /** Where the random sequences start. Default: 0. A failure says the seed it came from. */
  readonly seed?: number
}

interface Durable {
  /** What was acknowledged is there after closing and opening again. */
  readonly durable: true
  /** Opens the same place again, after the store has been closed. */
  readonly reopen: (place: Place) => SessionStore | Promise<SessionStore>
}

interface NotDurable {
  readonly durable?: false
  readonly reopen?: never
}

/** One case, tied to a store: for runners other than `node:test`. */
export interface ContractCase {
  readonly name: string
  /** Why it is not to be run; `undefined` when it is. */
  readonly skip: string | undefined
  /** Opens a store, runs the case, closes the store. Rejects when the store breaks the contract. */
  run(): Promise<CaseResult>
}

const definitions: readonly CaseDefinition[] = [
  ...findCases,
  ...createCases,
  ...patchCases,
  ...rotateCases,
  ...touchCases,
  ...revokeCases,
  ...batchCases,
  ...concurrencyCases,
  ...sweepCases,
  ...immutabilityCases,
  ...closeCases,
  ...signalCases,
  ...immediateCases,
  ...userIndexCases,
  ...userIndexUpkeepCases,
  ...externalIndexCases,
  ...externalIndexUpkeepCases,
  ...countingCases,
  ...clearableCases,
  ...hitCases,
  ...hitUpkeepCases,
  ...hitModelCases,
  ...durableCases,
  ...modelCases,
]

/** All cases of the contract for this store. Throws `ERR_SESSION_CONFIG` when `except` names a case that does not exist. */
export function contractCases(subject: ContractSubject): ContractCase[] {
  const except = new Map(Object.entries(subject.except ?? {}))
  requireKnown(except)
  return definitions.map(definition => ({
    name: definition.name,
    skip: except.get(definition.name) ?? notDurable(definition, subject),
    run: () => runCase(definition, subject),
  }))
}

function notDurable(definition: CaseDefinition, subject: ContractSubject): string | undefined {
  return definition.durable && !subject.durable ? "the store is not durable" : undefined
}

function requireKnown(except: ReadonlyMap<string, string>): void {
  const names = new Set(definitions.map(definition => definition.name))
  for (const [name, reason] of except) {
    if (!names.has(name)) {
      throw new SessionError(
        "ERR_SESSION_CONFIG",
        `\`except\` names the case ${JSON.stringify(name)}, which the store contract does not have: remove it or correct its name`,
      )
    }
    if (reason.trim() === "") {
      throw new SessionError(
        "ERR_SESSION_CONFIG",
        `\`except\` gives no reason for ${JSON.stringify(name)}: say why the store cannot pass this case`,
      )
    }
  }
}
