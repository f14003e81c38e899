import { startPostgres } from "../test/services/postgres.ts"
import { startRedis } from "../test/services/redis.ts"

/** A server of this benchmark's own; it ends with the scope that holds it. */
export interface Server extends AsyncDisposable {
  readonly url: string
}

/** `fsync` is off: what a disk costs is not what is compared here. */
export const postgres = async (): Promise<Server> => disposable(await startPostgres())
export const redis = async (): Promise<Server> => disposable(await startRedis())

interface Running {
  readonly url: string
  stop(): Promise<void>
}

const disposable = (server: Running): Server => ({
  url: server.url,
  [Symbol.asyncDispose]: () => server.stop(),
})
