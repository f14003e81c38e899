import { createPostgresStore } from "../../src/stores/postgres/index.ts"
import { type Place, storeContract } from "../../src/testing/index.ts"
import { postgresUrl } from "../services/postgres.ts"

const url = await postgresUrl()

const open = ({ place, now }: Place) => createPostgresStore({ url, schema: place, poolSize: 4 }, { now })

storeContract("postgres", { durable: true, open, reopen: open })
