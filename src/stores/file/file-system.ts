import { open, rename, rm } from "node:fs/promises"
import { dirname } from "node:path"

/** The little that the store needs of an open file: `FileHandle` of `node:fs/promises` has it. */
export interface OpenFile {
  read(buffer: Buffer, offset: number, length: number, position: number): Promise<{ bytesRead: number }>
  write(buffer: Buffer, offset: number, length: number): Promise<{ bytesWritten: number }>
  datasync(): Promise<void>
  truncate(length: number): Promise<void>
  chmod(mode: number): Promise<void>
  close(): Promise<void>
}

/** The little that the store needs of a file system, so that tests can let a disk fail. */
export interface FileSystem {
  open(path: string, flags: "a+" | "ax+", mode: number): Promise<OpenFile>
  rename(from: string, to: string): Promise<void>
  /** Removes the file, if it is there. */
  remove(path: string): Promise<void>
  /** Makes what was created, renamed or removed in the file's directory last. */
  syncDirectoryOf(path: string): Promise<void>
}

export const nodeFileSystem: FileSystem = {
  open: (path, flags, mode) => open(path, flags, mode),
  rename: (from, to) => rename(from, to),
  remove: path => rm(path, { force: true }),
  syncDirectoryOf,
}

/** Read and written by its owner alone: the file holds whatever the application keeps in its sessions. */
export const OWNER_ONLY = 0o600

async function syncDirectoryOf(path: string): Promise<void> {
  // Windows opens no directories; there a rename lasts by itself.
  if (process.platform === "win32") return
  const directory = await open(dirname(path), "r")
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}

/** Appends all the bytes; one `write` may take only some of them. */
export async function writeAll(file: OpenFile, bytes: Buffer): Promise<void> {
  let written = 0
  while (written < bytes.length) {
    const { bytesWritten } = await file.write(bytes, written, bytes.length - written)
    if (bytesWritten === 0) throw new Error("the file takes no more bytes")
    written += bytesWritten
  }
}

/** The bytes of a file from one offset to another, in pieces. A piece is only good until the next one is asked for. */
export async function* readPieces(
  file: OpenFile,
  from: number,
  to: number,
  pieceSize: number,
): AsyncGenerator<Buffer, void, void> {
  const buffer = Buffer.allocUnsafe(pieceSize)
  let at = from
  while (at < to) {
    const { bytesRead } = await file.read(buffer, 0, Math.min(pieceSize, to - at), at)
    if (bytesRead === 0) return
    at += bytesRead
    yield buffer.subarray(0, bytesRead)
  }
}
