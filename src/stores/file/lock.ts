import { randomBytes } from "node:crypto"
import { readFileSync, rmSync } from "node:fs"
import { link, open, readFile, rename, rm, stat, utimes } from "node:fs/promises"
import { setTimeout as delay } from "node:timers/promises"
import { isSessionError, SessionError } from "../../contract/errors.ts"
import { readNumber, readObject, readText, ShapeError } from "../json-shape.ts"
import { OWNER_ONLY } from "./file-system.ts"
import { judgeProcess, type ProcessIdentity, thisProcess } from "./process-identity.ts"

/** The right to use a file, held by one process until it releases it or exits. */
export interface Lock {
  release(): Promise<void>
}

export interface LockTiming {
  /** How often the holder shows that it lives, in milliseconds. */
  readonly beat: number
  /** How long a holder that cannot be looked at must have been silent to count as dead. */
  readonly patience: number
}

interface Holder extends ProcessIdentity {
  readonly token: string
}

const TIMING: LockTiming = { beat: 1000, patience: 6000 }

/**
 * Takes the lock file at `path`. One that a dead process left is taken over: dead is, on this host, a process that is
 * gone or whose pid another one has now; in another container of this host, one that has shown no life for a while; on
 * another host nobody can tell, so it counts as alive.
 *
 * `onLost` is told when somebody has removed or replaced the lock file.
 *
 * @throws SessionError `ERR_SESSION_STORE_LOCKED`, or `ERR_SESSION_STORE_UNAVAILABLE` when the file system refuses
 */
export async function acquireLock(path: string, onLost: () => void, timing = TIMING): Promise<Lock> {
  const mine: Holder = { ...thisProcess(), token: randomBytes(8).toString("hex") }
  const ticket = `${path}.${mine.token}.new`
  try {
    await writeTicket(ticket, mine)
    await hold(path, ticket, timing.patience)
  } catch (error) {
    throw isSessionError(error) ? error : cannotLock(path, error)
  } finally {
    await rm(ticket, { force: true })
  }
  return held(path, mine, onLost, timing.beat)
}

/** Written and synced under a name of its own first, so that a lock file is whole from the moment it exists. */
async function writeTicket(ticket: string, holder: Holder): Promise<void> {
  const file = await open(ticket, "wx", OWNER_ONLY)
  try {
    await file.writeFile(`${JSON.stringify(holder)}\n`)
    await file.sync()
  } finally {
    await file.close()
  }
}

async function hold(path: string, ticket: string, patience: number): Promise<void> {
  for (;;) {
    if (await isLinked(ticket, path)) return
    const holder = await readHolder(path)
    if (!holder) continue
    if (!(await hasEnded(path, holder, patience))) throw locked(path, holder)
    if (await takeOver(path, holder, ticket, patience)) return
  }
}

/**
 * Puts the ticket in the place of a dead holder's lock. Only who holds the claim, a lock named after that very holder, may
 * do so; hence between the second look and the rename nobody else can replace the lock, and a contender that comes late finds
 * another holder at its second look.
 */
async function takeOver(path: string, dead: Holder, ticket: string, patience: number): Promise<boolean> {
  const claim = `${path}.${dead.token}`
  await hold(claim, ticket, patience)
  try {
    if ((await readHolder(path))?.token !== dead.token) return false
    await rename(claim, path)
    return true
  } finally {
    await rm(claim, { force: true })
  }
}

async function isLinked(ticket: string, path: string): Promise<boolean> {
  try {
    await link(ticket, path)
    return true
  } catch (error) {
    if (isCode(error, "EEXIST")) return false
    throw error
  }
}

async function hasEnded(path: string, holder: Holder, patience: number): Promise<boolean> {
  const judged = judgeProcess(holder)
  return judged === "dead" || (judged === "unseen" && (await isSilent(path, patience)))
}

async function isSilent(path: string, patience: number): Promise<boolean> {
  const before = await beatOf(path)
  await delay(patience)
  return before === (await beatOf(path))
}

const beatOf = async (path: string): Promise<number> =>
  (await stat(path).catch(() => undefined))?.mtimeMs ?? 0

function held(path: string, mine: Holder, onLost: () => void, beat: number): Lock {
  const removeIfMine = () => {
    if (parseHolder(path, readFileSync(path, "utf8")).token === mine.token) rmSync(path)
  }
  const onExit = () => {
    try {
      removeIfMine()
    } catch {
      // It is gone already; nothing more can be done at exit.
    }
  }
  const timer = setInterval(() => void showLife(path, mine, onLost), beat).unref()
  process.once("exit", onExit)
  return {
    async release() {
      clearInterval(timer)
      process.off("exit", onExit)
      onExit()
    },
  }
}

async function showLife(path: string, mine: Holder, onLost: () => void): Promise<void> {
  try {
    const holder = await readHolder(path)
    if (holder?.token !== mine.token) return onLost()
    const now = new Date()
    await utimes(path, now, now)
  } catch (error) {
    if (isSessionError(error)) onLost()
    // Otherwise the disk did not answer: the next write to the journal will say so.
  }
}

async function readHolder(path: string): Promise<Holder | undefined> {
  try {
    return parseHolder(path, await readFile(path, "utf8"))
  } catch (error) {
    if (isCode(error, "ENOENT")) return undefined
    throw error
  }
}

const TOKEN = /^[0-9a-f]{16}$/

function parseHolder(path: string, text: string): Holder {
  try {
    const json = readObject(JSON.parse(text), ["pid", "host", "realm", "birth", "token"])
    const token = readText(json.token)
    if (!TOKEN.test(token)) throw new ShapeError("no token")
    return {
      pid: readNumber(json.pid),
      host: readText(json.host),
      realm: readText(json.realm),
      birth: readText(json.birth),
      token,
    }
  } catch (cause) {
    throw new SessionError(
      "ERR_SESSION_STORE_LOCKED",
      `The lock file ${path} cannot be understood, so nobody can tell who holds it. ` +
        "Make sure that no process uses the session file, then delete the lock file.",
      cause,
    )
  }
}

const locked = (path: string, holder: Holder): SessionError =>
  new SessionError(
    "ERR_SESSION_STORE_LOCKED",
    `The session file is in use by process ${holder.pid} on host ${holder.host} (it holds ${path}). ` +
      "A session file is for one process: end that one, name another file, or use a store that is made for several. " +
      "If that process is gone for certain, delete the lock file.",
  )

const cannotLock = (path: string, cause: unknown): SessionError =>
  new SessionError(
    "ERR_SESSION_STORE_UNAVAILABLE",
    `The lock file ${path} cannot be made. See to the directory's rights; the file system must know hard links.`,
    cause,
  )

const isCode = (error: unknown, code: string): boolean =>
  error instanceof Error && "code" in error && error.code === code
