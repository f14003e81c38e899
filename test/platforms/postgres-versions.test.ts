import assert from "node:assert/strict"
import { after, before, describe, it } from "node:test"
import { createPostgresStore } from "../../src/stores/postgres/index.ts"
import { changes, ManualClock, type Place, RecordBuilder, storeContract } from "../../src/testing/index.ts"
import { eventually } from "../services/eventually.ts"
import { administrate, type PostgresServer, startPostgres } from "../services/postgres.ts"
import { Trace } from "../stores/feed-trace.ts"
import { installPostgres } from "./postgres-packages.ts"

/** Every version that the store promises to run on, of which each has its newest release. */
const MAJORS = [13, 14, 15, 16, 17, 18]

const packages = await installPostgres(MAJORS)

describe("the PostgreSQL store", { concurrency: 3 }, () => {
  it("runs on the oldest and the newest version, and on every one between that this platform has", t => {
    t.diagnostic(`PostgreSQL ${packages.map(({ version }) => version).join(", ")}`)
    assert.ok(
      packages.length >= 2,
      `npm has ${packages.length} of these versions for this platform: 2 are needed`,
    )
  })

  for (const { version, source } of packages) {
    describe(`on PostgreSQL ${version}`, () => passes(version, source))
  }
})

function passes(version: string, source: string): void {
  const clock = new ManualClock()
  const records = new RecordBuilder(clock, 1)
  let server: PostgresServer | undefined
  before(async () => {
    server = await startPostgres(source)
  })
  after(() => server?.stop())
  const url = (): string => server?.url ?? assert.fail("the server has not been started")
  const open = ({ place, now }: Place) =>
    createPostgresStore({ url: url(), schema: place, poolSize: 4 }, { now })

  it("the server is of that version", async () => {
    const [row] = await administrate(url(), "SHOW server_version")
    const [major, minor] = version.split(".")
    assert.equal(row?.["server_version"], `${major}.${minor}`)
  })

  storeContract(`PostgreSQL ${version}`, { durable: true, open, reopen: open })

  it("two nodes that open it at the same moment make the tables once", async t => {
    const open = () => createPostgresStore({ url: url(), schema: "raced" }, clock)
    const stores = await Promise.all([open(), open()])
    t.after(() => Promise.all(stores.map(store => store.close())))
    const made = await administrate(url(), "SELECT version FROM raced.sojourn_migrations")
    assert.deepEqual(made, [{ version: 1 }])
    const record = records.record()
    const outcomes = await Promise.all(stores.map(store => store.apply([changes.create(record)])))
    assert.deepEqual(
      outcomes
        .flat()
        .map(({ kind }) => kind)
        .sort(),
      ["applied", "exists"],
    )
  })

  it("G4: a revocation is told to another node", async t => {
    const open = () => createPostgresStore({ url: url(), schema: "told" }, clock)
    const stores = await Promise.all([open(), open()])
    t.after(() => Promise.all(stores.map(store => store.close())))
    const [store, other] = stores
    const trace = new Trace()
    other.observe(trace, { heartbeatInterval: 2000 })
    await trace.connections(1)
    const record = records.record()
    await store.apply([changes.create(record)])
    await store.apply([changes.revoke(record)])
    await eventually("the revocation is told", () => trace.notices.length > 0)
    assert.deepEqual(trace.notices, [{ kind: "revoked", id: record.id }])
  })
}
