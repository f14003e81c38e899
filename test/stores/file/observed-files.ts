import { type FileSystem, nodeFileSystem, type OpenFile } from "../../../src/stores/file/file-system.ts"

type Call = keyof FileSystem | keyof OpenFile

/** The real file system, which counts calls and lets those fail that it is told to. */
export class ObservedFiles implements FileSystem {
  readonly calls: Call[] = []
  /** The size of each write to a temporary file before its rename. */
  readonly temporaryWrites: number[] = []
  /** Asked before each call; an error is thrown in its place. */
  fault: (call: Call, path: string) => Error | undefined = () => undefined
  /** How many bytes a write takes at most. */
  writeLimit = Number.POSITIVE_INFINITY

  count(call: Call): number {
    return this.calls.filter(each => each === call).length
  }

  forget(): void {
    this.calls.length = 0
  }

  async open(path: string, flags: "a+" | "ax+", mode: number): Promise<OpenFile> {
    this.#meet("open", path)
    const file = await nodeFileSystem.open(path, flags, mode)
    return {
      read: (...args) => this.#run("read", path, () => file.read(...args)),
      write: (buffer, offset, length) =>
        this.#run("write", path, () => {
          if (path.endsWith(".tmp") && this.count("rename") === 0) this.temporaryWrites.push(length)
          return file.write(buffer, offset, Math.min(length, this.writeLimit))
        }),
      datasync: () => this.#run("datasync", path, () => file.datasync()),
      truncate: length => this.#run("truncate", path, () => file.truncate(length)),
      chmod: mode => this.#run("chmod", path, () => file.chmod(mode)),
      close: () => this.#run("close", path, () => file.close()),
    }
  }

  rename(from: string, to: string): Promise<void> {
    return this.#run("rename", to, () => nodeFileSystem.rename(from, to))
  }

  remove(path: string): Promise<void> {
    return this.#run("remove", path, () => nodeFileSystem.remove(path))
  }

  syncDirectoryOf(path: string): Promise<void> {
    return this.#run("syncDirectoryOf", path, () => nodeFileSystem.syncDirectoryOf(path))
  }

  async #run<Result>(call: Call, path: string, run: () => Promise<Result>): Promise<Result> {
    this.#meet(call, path)
    return run()
  }

  #meet(call: Call, path: string): void {
    this.calls.push(call)
    const error = this.fault(call, path)
    if (error) throw error
  }
}

export const diskFull = (): Error => Object.assign(new Error("ENOSPC: no space left"), { code: "ENOSPC" })
export const diskFailure = (): Error => Object.assign(new Error("EIO: i/o error"), { code: "EIO" })
