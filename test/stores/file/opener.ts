/** Opens and closes the store of the path given, as told by lines of input; answers each with one line. */
import { createInterface } from "node:readline"
import { isSessionError } from "../../../src/contract/errors.ts"
import { createFileStore, type FileStore } from "../../../src/stores/file/index.ts"

const [, , path = ""] = process.argv
let store: FileStore | undefined

async function obey(command: string): Promise<string> {
  if (command === "exit") process.exit(0)
  if (command === "close") {
    await store?.close()
    store = undefined
    return "closed"
  }
  try {
    store = await createFileStore({ path })
    return "open"
  } catch (error) {
    return isSessionError(error) ? error.code : String(error)
  }
}

for await (const command of createInterface({ input: process.stdin })) {
  process.stdout.write(`${await obey(command)}\n`)
}
