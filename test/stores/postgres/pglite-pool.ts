import type { PGlite } from "@electric-sql/pglite"
import type { PostgresPool } from "../../../src/stores/postgres/index.ts"

/** PGlite, which is one connection within this process, as a pool: who has it is alone with it. */
export function pglitePool(database: PGlite): PostgresPool {
  let free: Promise<void> = Promise.resolve()
  return {
    async connect() {
      const before = free
      let release = (): void => {}
      free = new Promise(resolve => {
        release = resolve
      })
      await before
      return {
        query: async ({ text, values }) =>
          values ? await database.query(text, values) : ((await database.exec(text)).at(-1) ?? { rows: [] }),
        release,
      }
    },
  }
}
