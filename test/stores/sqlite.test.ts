import { join } from "node:path"
import { createSqliteStore } from "../../src/stores/sqlite/index.ts"
import { type Place, storeContract } from "../../src/testing/index.ts"
import { temporaryDirectory } from "./sqlite/temporary-directory.ts"

const directory = await temporaryDirectory()
const open = ({ place, now }: Place) => createSqliteStore({ path: join(directory, place) }, { now })
const openMain = ({ place, now }: Place) =>
  createSqliteStore({ path: join(directory, place), writer: "main" }, { now })

storeContract("sqlite, file", { durable: true, open, reopen: open })
storeContract("sqlite, file, written in the main thread", { durable: true, open: openMain, reopen: openMain })
storeContract("sqlite, memory", { open: ({ now }) => createSqliteStore({ path: ":memory:" }, { now }) })
