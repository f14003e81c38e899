import { after } from "node:test"
import { PGlite } from "@electric-sql/pglite"
import { createPostgresStore } from "../../../src/stores/postgres/index.ts"
import { type Place, storeContract } from "../../../src/testing/index.ts"
import { pglitePool } from "./pglite-pool.ts"

const database = await PGlite.create()
after(() => database.close())

const pool = pglitePool(database)
const open = ({ place, now }: Place) => createPostgresStore({ pool, schema: place }, { now })

storeContract("postgres, in PGlite", { durable: true, open, reopen: open })
