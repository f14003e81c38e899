import assert from "node:assert/strict"
import { chmod, readdir, readFile, rm, stat, symlink, utimes, writeFile } from "node:fs/promises"
import { hostname } from "node:os"
import { join } from "node:path"
import { afterEach, test } from "node:test"
import { setTimeout as delay } from "node:timers/promises"
import { isSessionError } from "../../../src/contract/errors.ts"
import { createFileStore } from "../../../src/stores/file/index.ts"
import { acquireLock } from "../../../src/stores/file/lock.ts"
import { thisProcess } from "../../../src/stores/file/process-identity.ts"
import { changes } from "../../../src/testing/index.ts"
import { eventually } from "../../services/eventually.ts"
import { surroundings } from "./sessions.ts"
import { StoreProcess } from "./store-process.ts"
import { temporaryDirectory } from "./temporary-directory.ts"

const directory = await temporaryDirectory()
const path = join(directory, "sessions.txt")
const lockPath = `${path}.lock`
const locked = (error: unknown) => isSessionError(error, "ERR_SESSION_STORE_LOCKED")
afterEach(async () => {
  for (const name of await readdir(directory)) await rm(join(directory, name))
})

const holder = (fields: object = {}) =>
  JSON.stringify({ ...thisProcess(), token: "0123456789abcdef", ...fields })
/** The process id of a process that has ended. */
async function deadPid(): Promise<number> {
  const child = new StoreProcess("opener.ts", path)
  await child.ask("open")
  const { pid } = JSON.parse(await readFile(lockPath, "utf8"))
  assert.equal(typeof pid, "number")
  await child.kill()
  return pid
}

test("a second process is refused while the first one has the file open, and gets it after that", async () => {
  const store = await createFileStore({ path })
  const child = new StoreProcess("opener.ts", path)
  assert.equal(await child.ask("open"), "ERR_SESSION_STORE_LOCKED")
  await store.close()
  assert.equal(await child.ask("open"), "open")
  await assert.rejects(createFileStore({ path }), error => {
    assert.ok(locked(error) && error instanceof Error)
    assert.match(error.message, /process \d+ on host .*delete the lock file/)
    return true
  })
  assert.equal(await child.ask("close"), "closed")
  await (await createFileStore({ path })).close()
  await child.kill()
})

test("the same process is refused too, also by way of a symbolic link", async () => {
  const store = await createFileStore({ path })
  await assert.rejects(createFileStore({ path }), locked)
  const link = join(directory, "link.txt")
  await symlink(path, link)
  await assert.rejects(createFileStore({ path: link }), locked)
  await store.close()
  await (await createFileStore({ path: link })).close()
  assert.deepEqual((await readdir(directory)).sort(), ["link.txt", "sessions.txt"])
})

test("the lock is released when the process exits without closing", async () => {
  const child = new StoreProcess("opener.ts", path)
  assert.equal(await child.ask("open"), "open")
  child.send("exit")
  await child.ended
  await assert.rejects(stat(lockPath), { code: "ENOENT" })
})

test("the lock of a killed process is taken over, and nothing is left of it", async () => {
  await deadPid()
  await stat(lockPath)
  const store = await createFileStore({ path })
  assert.equal(JSON.parse(await readFile(lockPath, "utf8")).pid, process.pid)
  await store.close()
  assert.deepEqual(await readdir(directory), ["sessions.txt"])
})

test("of several processes that take over one dead lock at the same moment, exactly one gets it", async () => {
  const stale = holder({ pid: await deadPid() })
  const children = Array.from({ length: 4 }, () => new StoreProcess("opener.ts", path))
  for (let round = 0; round < 10; round++) {
    await Promise.all(children.map(child => child.ask("close")))
    await writeFile(lockPath, stale)
    const answers = await Promise.all(children.map(child => child.ask("open")))
    const expected = [
      "ERR_SESSION_STORE_LOCKED",
      "ERR_SESSION_STORE_LOCKED",
      "ERR_SESSION_STORE_LOCKED",
      "open",
    ]
    assert.deepEqual(answers.sort(), expected)
  }
  await Promise.all(children.map(child => child.kill()))
})

test("a take-over that was itself cut short by a crash is taken over", async () => {
  const dead = holder({ pid: await deadPid() })
  await writeFile(lockPath, dead)
  await writeFile(`${lockPath}.0123456789abcdef`, dead.replace("0123456789abcdef", "fedcba9876543210"))
  await (await createFileStore({ path })).close()
  assert.deepEqual(await readdir(directory), ["sessions.txt"])
})

test("a pid that another process has now is not taken for the holder", {
  skip: reasonWithoutProc(),
}, async () => {
  const { birth } = thisProcess()
  await writeFile(lockPath, holder({ birth: `${birth}0` }))
  await (await createFileStore({ path })).close()
})

test("the lock of another host is never taken over", async () => {
  await writeFile(lockPath, holder({ host: `not-${hostname()}`, pid: await deadPid() }))
  await assert.rejects(createFileStore({ path }), locked)
})

test("a lock file that cannot be understood is never taken over", async () => {
  for (const text of ["", "1234", holder({ token: "../../etc" }), "\0".repeat(100)]) {
    await writeFile(lockPath, text)
    await assert.rejects(createFileStore({ path }), locked)
  }
})

test("the lock of another container on this host is taken over once it shows no life", async () => {
  const other = holder({ realm: "pid:[1]" })
  const timing = { beat: 10, patience: 100 }
  await writeFile(lockPath, other)
  const beating = setInterval(() => void utimes(lockPath, new Date(), new Date()).catch(() => {}), 10)
  await assert.rejects(
    acquireLock(lockPath, () => {}, timing),
    locked,
  )
  clearInterval(beating)
  const lock = await acquireLock(lockPath, () => {}, timing)
  const { mtimeMs } = await stat(lockPath)
  await new Promise(resolve => setTimeout(resolve, 100))
  assert.ok((await stat(lockPath)).mtimeMs > mtimeMs, "the holder shows life")
  await lock.release()
})

for (const [what, take] of Object.entries({
  removed: () => rm(lockPath),
  taken: () => writeFile(lockPath, holder()),
})) {
  test(`a holder is told when its lock is ${what}`, async () => {
    let timesTold = 0
    const onLost = () => void timesTold++
    const lock = await acquireLock(lockPath, onLost, { beat: 10, patience: 100 })
    await delay(50)
    assert.equal(timesTold, 0, "nothing to tell yet")
    await take()
    await eventually("the holder is told", () => timesTold > 0)
    await lock.release()
  })
}

test("G6: a store whose lock is taken away takes no more changes, since another process may write", async () => {
  const { clock, records } = surroundings()
  const store = await createFileStore({ path }, clock)
  const record = records.record()
  await store.apply([changes.create(record)])
  await writeFile(lockPath, holder())
  const touch = changes.touch(record, { at: clock.now(), expiresAt: clock.now() })
  await assert.rejects(
    async () => {
      for (;;) await store.apply([touch])
    },
    error => isSessionError(error, "ERR_SESSION_STORE_UNAVAILABLE") && /lock file/.test(error.message),
  )
  await store.close()
  assert.equal(await readFile(lockPath, "utf8"), holder(), "it is no longer its to remove")
})

test("the file and its lock can be read by their owner alone, and wider rights are narrowed", async () => {
  const { clock, records } = surroundings()
  await (await createFileStore({ path })).close()
  await chmod(path, 0o644)
  const store = await createFileStore({ path, compactAfter: 0, compactFactor: 0 }, clock)
  const modes = async () => [(await stat(path)).mode & 0o777, (await stat(lockPath)).mode & 0o777]
  assert.deepEqual(await modes(), [0o600, 0o600])
  const { ino } = await stat(path)
  const record = records.record()
  await store.apply([changes.create(record), changes.revoke(record)])
  while ((await stat(path)).ino === ino) await new Promise(resolve => setTimeout(resolve, 5))
  assert.deepEqual(await modes(), [0o600, 0o600], "after a compaction")
  await store.close()
})

function reasonWithoutProc(): string | false {
  return thisProcess().birth === "" && "this platform does not tell when a process began"
}
