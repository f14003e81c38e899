/** For `node --test --test-global-setup`: one PostgreSQL for all test files of a run. */
import { type PostgresServer, startPostgres } from "./postgres.ts"

let server: PostgresServer | undefined

export async function globalSetup(): Promise<void> {
  if (process.env["SOJOURN_TEST_POSTGRES_URL"]) return
  server = await startPostgres()
  process.env["SOJOURN_TEST_POSTGRES_URL"] = server.url
}

export const globalTeardown = async (): Promise<void> => await server?.stop()
