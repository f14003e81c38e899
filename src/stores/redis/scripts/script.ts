import { createHash } from "node:crypto"

/**
 * A Lua script, by its text and the SHA-1 that the server knows it by.
 *
 * Scripts also use keys that they learn of only while they run (the index of the session's user). All of them begin
 * with `base`, which holds the bucket's hash tag: a script never leaves the slot of its first key. Whatever a script
 * may bring into being is among its KEYS, for while a Cluster moves a slot, a key that is not there may only be on
 * its way: the server then refuses the script (TRYAGAIN), where it would else make a second one. For the same reason
 * no script takes an entry for stale on its own.
 */
export interface Script {
  readonly text: string
  readonly sha: string
}

export function script(...parts: readonly string[]): Script {
  const text = parts.join("\n")
  return { text, sha: createHash("sha1").update(text).digest("hex") }
}

/** How scripts differ from store to store. */
export interface ScriptOptions {
  /** In a Cluster a message stays in its shard. */
  readonly publishCommand: "PUBLISH" | "SPUBLISH"
  /** For how long the server keeps what has ended, for the sweep to tell of it, in milliseconds. */
  readonly slack: number
}

/**
 * What all scripts share. Every key of ours has a time to live, reckoned from the store's clock, which need not be
 * the server's; an index lives as long as its longest member, so that nothing stays behind when sweeping ends.
 */
export const prelude = (options: ScriptOptions): string => `
${feed(options)}
${SESSION}
local function lifetime(expiresAt)
  local ms = math.max(tonumber(expiresAt) - now, 0) + ${options.slack}
  return math.floor(math.min(ms, 1e13))
end

local function keep(key, ms)
  if call('PTTL', key) < ms then call('PEXPIRE', key, string.format('%.0f', ms)) end
end

-- An index that is on its way to another node cannot be reached; the entry in it is stale then, and will be taken out.
local function unindex(id, user, external)
  if user ~= '' then
    redis.pcall('ZREM', base .. 'u:' .. user, id)
    call('ZREM', base .. 'l', id)
  end
  if external ~= '' then redis.pcall('ZREM', base .. 'e:' .. external, id) end
end

local function remove(id)
  local key = base .. 's:' .. id
  local s = load(key)
  call('DEL', key)
  call('ZREM', base .. 'x', id)
  call('ZREM', base .. 'l', id)
  if s then unindex(id, open(s).u, s.n) end
end

-- Before anything is told: fails where \`remove\` would, on a server that takes no writes, or has sent the bucket's own
-- indexes to another node. There is no such member.
local function requireRemoval()
  call('ZREM', base .. 'x', '\\0')
  call('ZREM', base .. 'l', '\\0')
end
`

/** What a script needs that tells of changes. */
export const feed = ({ publishCommand }: ScriptOptions): string => `
local base, now = ARGV[1], tonumber(ARGV[2])
local call = redis.call
local function publish(text) call('${publishCommand}', base .. 'feed', text) end
`

/**
 * How scripts read a session: see fields.ts. The first of its facts are what every change looks at; `open` reads all of
 * them. Numbers stay text: Lua would write them with 14 digits only.
 */
export const SESSION = `
local call = redis.call
local FACTS = { 'e', 't', 'x', 'l', 'a', 'u', 'n', 'g', 'i', 'k', 'c', 'r', 's', 'p', 'q', 'o', 'w' }

-- Nothing when there is no such session.
local function load(key)
  local found = call('HMGET', key, 'v', 'f')
  if not found[2] then return end
  local e, t, x = string.match(found[2], '^(%S*)\\t(%S*)\\t(%S*)')
  return { v = found[1], e = e, t = t, x = x, closed = found[2] }
end

local function open(s)
  if not s.closed then return s end
  local i = 0
  for fact in string.gmatch('\\t' .. s.closed, '\\t([^\\t]*)') do
    i = i + 1
    s[FACTS[i]] = fact
  end
  s.closed = nil
  return s
end

-- All fields and values, a line each; an empty text when there is no such session.
local function whole(key) return table.concat(call('HGETALL', key), '\\n') end
`
