import { after } from "node:test"
import { createPostgresStore } from "../../../src/stores/postgres/index.ts"
import { type Place, storeContract } from "../../../src/testing/index.ts"
import { postgresUrl } from "../../services/postgres.ts"
import { startPgBouncer } from "./pgbouncer.ts"

const bouncer = await startPgBouncer(await postgresUrl())
after(() => bouncer.stop())

const open = ({ place, now }: Place) =>
  createPostgresStore(
    { url: bouncer.url, schema: place, prepare: false, announce: false, unlogged: true, poolSize: 4 },
    { now },
  )

storeContract("postgres, by way of PgBouncer in transaction mode", { durable: true, open, reopen: open })
