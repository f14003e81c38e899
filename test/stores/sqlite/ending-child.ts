/** Leaves its store open. */
import { createSqliteStore } from "../../../src/stores/sqlite/index.ts"
import { changes } from "../../../src/testing/index.ts"
import { aRecord } from "./a-record.ts"
import { input } from "./processes.ts"

const { path = "" } = input()
const store = await createSqliteStore({ path })
const [outcome] = await store.apply([changes.create(aRecord())])
console.log(outcome?.kind)
