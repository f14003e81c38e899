import { fileURLToPath } from "node:url"
import { SessionError } from "../../contract/errors.ts"
import { type FileStoreOptions, NUMBER_OPTIONS, type NumberOption } from "./options.ts"

export interface ParsedFileUrl {
  /** `undefined`: the default. */
  readonly path: string | undefined
  readonly options: Pick<FileStoreOptions, NumberOption>
}

/**
 * Reads `file:` URLs as they are written, because `new URL("file:./sessions.txt")` takes the path as absolute:
 *
 * - `file:` the default path
 * - `file:./data/sessions.txt`, `file:sessions.txt` relative to the working directory
 * - `file:/var/lib/app/sessions.txt`, `file:///var/lib/app/sessions.txt` absolute
 *
 * The query takes `maxSessions`, `compactAfter`, `compactFactor` and `maxHitKeys`.
 *
 * @throws SessionError `ERR_SESSION_CONFIG`
 */
export function parseFileUrl(text: string): ParsedFileUrl {
  const parts = /^file:([^?#]*)(?:\?([^#]*))?$/i.exec(text)
  if (!parts) throw wrongUrl(text, "it is no file: URL; a # in the path is written %23")
  const [, path = "", query = ""] = parts
  return { path: path === "" ? undefined : readPath(text, path), options: readQuery(text, query) }
}

function readPath(text: string, path: string): string {
  const host = /^\/\/([^/]*)/.exec(path)?.[1]
  if (host !== undefined && host !== "" && host !== "localhost") {
    throw wrongUrl(text, `it names the host "${host}"; a relative path is written file:./${path.slice(2)}`)
  }
  try {
    return path.startsWith("/") ? fileURLToPath(`file:${path}`) : decodeURIComponent(path)
  } catch (cause) {
    throw wrongUrl(text, "its path cannot be decoded", cause)
  }
}

function readQuery(text: string, query: string): Pick<FileStoreOptions, NumberOption> {
  const options: { [Name in NumberOption]?: number } = {}
  for (const [name, value] of new URLSearchParams(query)) {
    if (!isNumberOption(name)) {
      const known = Object.keys(NUMBER_OPTIONS).join(", ")
      throw wrongUrl(text, `there is no parameter "${name}"; the known ones are ${known}`)
    }
    if (options[name] !== undefined) throw wrongUrl(text, `"${name}" is there twice`)
    if (!/^\d+(\.\d+)?$/.test(value)) throw wrongUrl(text, `"${name}" must be a number`)
    options[name] = Number(value)
  }
  return options
}

const isNumberOption = (name: string): name is NumberOption => Object.hasOwn(NUMBER_OPTIONS, name)

const wrongUrl = (text: string, why: string, cause?: unknown): SessionError =>
  new SessionError("ERR_SESSION_CONFIG", `The session store's URL "${text}" is wrong: ${why}.`, cause)
