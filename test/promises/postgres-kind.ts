import { basename } from "node:path"
import { after } from "node:test"
import pg from "pg"
import { createPostgresStore } from "../../src/stores/postgres/index.ts"
import { postgresUrl } from "../services/postgres.ts"
import type { ServerKind } from "./store-kind.ts"

/** A database for each test file, with one pool; tables of its own for each place. They go with the database. */
const url = await postgresUrl()
const pool = new pg.Pool({ connectionString: url, max: 20 })
after(() => pool.end())

const prefixOf = (place: string): string => `${basename(place).slice(-6)}_`

export const postgres: ServerKind = {
  name: "postgres",
  port: Number(new URL(url).port),
  open: (now, place) => createPostgresStore({ pool, tablePrefix: prefixOf(place) }, { now }),
  openThrough: (proxy, what, place) =>
    createPostgresStore({
      ...(what === "feed" ? { pool, listenUrl: proxy.via(url) } : { url: proxy.via(url), poolSize: 2 }),
      tablePrefix: prefixOf(place),
    }),
  async dump(place) {
    const prefix = prefixOf(place)
    const tables = await pool.query("SELECT tablename FROM pg_tables WHERE starts_with(tablename, $1)", [
      prefix,
    ])
    const names = tables.rows.map(({ tablename }) => pg.escapeIdentifier(String(tablename)))
    return (await Promise.all(names.map(columnsOf))).join("\n")
  },
}

/** Every column of every row as the server writes it, which is what pg_dump has of a table. */
async function columnsOf(table: string): Promise<string> {
  const asText = { getTypeParser: () => String }
  const { rows } = await pool.query({ text: `SELECT * FROM ${table}`, rowMode: "array", types: asText })
  return rows.map((row: readonly unknown[]) => Buffer.from(row.join("\t")).toString("latin1")).join("\n")
}
