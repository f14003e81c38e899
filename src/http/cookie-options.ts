import { SessionError } from "../contract/errors.ts"

/** The session cookie's attributes, named as in `Set-Cookie`. Its age follows from the session's own lifetimes. */
export interface CookieOptions {
  /** Default `__Host-sid`; `__Secure-sid` with a domain or another path; `sid` unless `secure` is `true`. */
  readonly name?: string
  /** Shares the session with all subdomains. Default: this host alone. */
  readonly domain?: string
  /** Default `/`. */
  readonly path?: string
  /**
   * `true` (default): sent over https only; browsers count http://localhost as that. `"auto"`: as the connection is,
   * see `trustProxy`. `false`: for a plain-http site, which cannot keep a session safe.
   */
  readonly secure?: boolean | "auto"
  /** Default `lax`. `none` is for sites embedded in others, and needs `secure`. */
  readonly sameSite?: "strict" | "lax" | "none"
  /** Keeps a cookie per embedding site (CHIPS). Needs `secure: true`. */
  readonly partitioned?: boolean
}

export type ResolvedCookie = Required<Omit<CookieOptions, "domain">> & { readonly domain: string | undefined }

const NAMES: ReadonlySet<string> = new Set(["name", "domain", "path", "secure", "sameSite", "partitioned"])
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const ATTRIBUTE = /^[\x20-\x3a\x3c-\x7e]{1,1024}$/
/** RFC 6265bis: name and value together; the value is a token of 66 characters. */
const MAX_NAME_LENGTH = 4096 - 66

/** The options with their defaults. What contradicts itself or RFC 6265bis throws `ERR_SESSION_CONFIG` (ASVS 3.3). */
export function resolveCookie(options: CookieOptions = {}): ResolvedCookie {
  checkNames(options)
  const { domain, path = "/", secure = true, sameSite = "lax", partitioned = false } = options
  const cookie: ResolvedCookie = {
    name: options.name ?? defaultName(secure, domain, path),
    domain,
    path,
    secure,
    sameSite,
    partitioned,
  }
  checkSyntax(cookie)
  checkPrefix(cookie)
  checkSecurity(cookie)
  return cookie
}

function defaultName(secure: boolean | "auto", domain: string | undefined, path: string): string {
  if (secure !== true) return "sid"
  return domain === undefined && path === "/" ? "__Host-sid" : "__Secure-sid"
}

function checkNames(options: object): void {
  for (const name of Object.keys(options)) {
    if (NAMES.has(name)) continue
    throw wrong(`${name} is no option`, `there are ${[...NAMES].join(", ")}${hintFor(name)}`)
  }
}

function hintFor(name: string): string {
  if (name === "httpOnly") return "; the cookie is always HttpOnly (ASVS 3.3.4)"
  if (name === "maxAge" || name === "expires") {
    return "; its age follows from the session: use persistent, idleTimeout and absoluteTimeout"
  }
  return ""
}

function checkSyntax({ name, domain, path, secure, sameSite, partitioned }: ResolvedCookie): void {
  if (!isText(name) || !TOKEN.test(name))
    throw wrong(`name ${JSON.stringify(name)} is no cookie name`, "use letters, digits, - and _")
  if (name.length > MAX_NAME_LENGTH)
    throw wrong("name is too long", `it may have ${MAX_NAME_LENGTH} characters`)
  if (!isText(path) || !path.startsWith("/") || !ATTRIBUTE.test(path))
    throw wrong(`path ${JSON.stringify(path)} is none`, 'begin with "/"')
  if (domain !== undefined && !(isText(domain) && /^[A-Za-z0-9.-]{1,253}$/.test(domain))) {
    throw wrong(`domain ${JSON.stringify(domain)} is none`, "give a host name such as example.com")
  }
  if (!["strict", "lax", "none"].includes(sameSite))
    throw wrong(`sameSite is ${sameSite}`, "give strict, lax or none")
  if (![true, false, "auto"].includes(secure))
    throw wrong(`secure is ${secure}`, 'give true, false or "auto"')
  if (typeof partitioned !== "boolean") throw wrong("partitioned is no boolean", "give true or false")
}

/** A program without types may give anything. */
const isText = (value: unknown): boolean => typeof value === "string"

/** Browsers match the prefixes without regard to case. */
function checkPrefix({ name, domain, path, secure }: ResolvedCookie): void {
  const prefix = /^__(host|secure|http)-/i.exec(name)?.[1]?.toLowerCase()
  if (!prefix) return
  if (secure !== true)
    throw wrong(`the name ${name} promises Secure, but secure is ${secure}`, "use secure: true")
  if (prefix === "host" && domain !== undefined) {
    throw wrong(`the name ${name} forbids a domain`, "leave domain out, or name it __Secure-…")
  }
  if (prefix === "host" && path !== "/") throw wrong(`the name ${name} forbids path ${path}`, 'use path "/"')
}

function checkSecurity({ secure, sameSite, partitioned }: ResolvedCookie): void {
  if (sameSite === "none" && secure !== true) {
    throw wrong("sameSite none without Secure is refused by browsers", "use secure: true")
  }
  if (partitioned && secure !== true) throw wrong("partitioned needs Secure", "use secure: true")
}

const wrong = (what: string, remedy: string): SessionError =>
  new SessionError("ERR_SESSION_CONFIG", `cookie: ${what}: ${remedy}`)
