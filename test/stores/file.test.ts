import { join } from "node:path"
import { createFileStore } from "../../src/stores/file/index.ts"
import { type Place, storeContract } from "../../src/testing/index.ts"
import { temporaryDirectory } from "./file/temporary-directory.ts"

const directory = await temporaryDirectory()
const open = ({ place, now }: Place) => createFileStore({ path: join(directory, place) }, { now })
const compacting = ({ place, now }: Place) =>
  createFileStore({ path: join(directory, place), compactAfter: 0, compactFactor: 0 }, { now })

storeContract("file", { durable: true, open, reopen: open })
storeContract("file, compacted all the time", { durable: true, open: compacting, reopen: compacting })
