/** Creates sessions in files, 64 at a time. */
import { randomBytes } from "node:crypto"
import { join } from "node:path"
import { createSessions } from "../src/index.ts"
import { createFileStore } from "../src/stores/file/index.ts"
import { answering } from "./child.ts"
import { perSecond } from "./concurrency.ts"
import type { Writer } from "./file.ts"
import { sessionFileStore } from "./peers.ts"

const NOTE = "x".repeat(89)

/** Makes one session; it is stored once the promise resolves. */
type Create = () => Promise<unknown>

const WRITERS: Record<Writer, (directory: string) => Promise<Create>> = {
  sojourn: async directory => {
    const store = await createFileStore({ path: join(directory, "sessions.txt"), maxSessions: 10_000_000 })
    const sessions = await createSessions({ store })
    return async () => {
      const session = await sessions.open(undefined)
      await session.set("note", NOTE).save()
    }
  },
  "session-file-store": async directory => {
    const FileStore = await sessionFileStore()
    const path = join(directory, "sessions")
    const store = new FileStore({ path, logFn: () => {}, reapInterval: -1, ttl: 3600 })
    const cookie = { originalMaxAge: 3_600_000, httpOnly: true, path: "/" }
    return () =>
      new Promise<void>((resolve, reject) => {
        const id = randomBytes(24).toString("base64url")
        store.set(id, { cookie, note: NOTE }, error => (error ? reject(error) : resolve()))
      })
  },
}

const isWriter = (name: string | undefined): name is Writer =>
  name !== undefined && Object.hasOwn(WRITERS, name)

const [writer, directory = ""] = process.argv.slice(2)
if (!isWriter(writer)) throw new Error(`there is no writer ${writer}`)
const create = await WRITERS[writer](directory)

answering(async ({ seconds }: { seconds: number }) => await perSecond(create, seconds))
