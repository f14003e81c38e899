import { readFileSync, readlinkSync } from "node:fs"
import { hostname } from "node:os"

/** What tells one process from all others, as far as the platform lets us know. */
export interface ProcessIdentity {
  readonly pid: number
  readonly host: string
  /** The process ids' realm (a Linux namespace: a container has its own); empty where there is no such thing. */
  readonly realm: string
  /** Boot and start time, so that a reused pid is not taken for the same process; empty where unknown. */
  readonly birth: string
}

export const thisProcess = (): ProcessIdentity => ({
  pid: process.pid,
  host: hostname(),
  realm: tryRead(() => readlinkSync("/proc/self/ns/pid")),
  birth: birthOf("self"),
})

/**
 * `unseen`: it runs, or ran, in another realm of this host, into which nobody can look from here; `elsewhere`: on another
 * host.
 */
export function judgeProcess(other: ProcessIdentity): "alive" | "dead" | "unseen" | "elsewhere" {
  const here = thisProcess()
  if (other.host !== here.host) return "elsewhere"
  if (differ(bootOf(other.birth), bootOf(here.birth))) return "dead"
  if (other.realm !== here.realm) return "unseen"
  if (!isRunning(other.pid)) return "dead"
  return differ(other.birth, birthOf(other.pid)) ? "dead" : "alive"
}

const differ = (one: string, other: string): boolean => one !== "" && other !== "" && one !== other

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // EPERM: it runs, as somebody else.
    return !(error instanceof Error && "code" in error && error.code === "ESRCH")
  }
}

const bootOf = (birth: string): string => birth.split("/")[0] ?? ""

/** Where Linux keeps the start time in `/proc/<pid>/stat`, counted after the command's closing parenthesis (proc(5): 22). */
const START_TIME = 19

function birthOf(pid: number | "self"): string {
  const stat = tryRead(() => readFileSync(`/proc/${pid}/stat`, "utf8"))
  const start = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[START_TIME]
  const boot = tryRead(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8")).trim()
  return start === undefined || boot === "" ? "" : `${boot}/${start}`
}

function tryRead(read: () => string): string {
  try {
    return read()
  } catch {
    return ""
  }
}
