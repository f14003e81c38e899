import { prelude, type Script, type ScriptOptions, script } from "./script.ts"

/**
 * All changes of one session that came in one call: `base now id (kind count argument…)…`. As `applyChange` says,
 * field by field. One outcome each: the version, or the name of what hindered it.
 *
 * What is announced is published before it is written: a user without the right to publish then changes nothing at
 * all.
 */
export const applyScript = (options: ScriptOptions): Script =>
  script(prelude(options), STATE, INDEXES, DATA, FACTS, KINDS, MAIN)

const STATE = `
local id = ARGV[3]
local key = base .. 's:' .. id
local at = 3

local function take()
  at = at + 1
  return ARGV[at]
end

-- What is optional is an empty text when it is not there.
local function optional()
  local value = take()
  if value ~= '' then return value end
end

-- The facts that decide, by the names of their fields; nothing when there is no live session.
local function load()
  local f = call('HMGET', key, 'x', 'l', 'a', 'v', 'e', 'g', 'u', 'n', 't', 'p', 'q')
  if not f[1] or now >= tonumber(f[1]) then return end
  return {
    x = f[1], l = f[2], a = f[3], v = f[4], e = f[5], g = f[6],
    u = f[7], n = f[8], t = f[9], p = f[10], q = f[11],
  }
end

local function differs(value, expected) return tonumber(value) ~= tonumber(expected) end

local function put(field, value)
  if value then call('HSET', key, field, value) else call('HDEL', key, field) end
end

local function putAll(count)
  for first = at + 1, at + count, 200 do
    call('HSET', key, unpack(ARGV, first, math.min(first + 199, at + count)))
  end
  at = at + count
end
`

const INDEXES = `
-- Brings the key's end and the index entries up to the record's end and last use.
local function place(s)
  call('PEXPIRE', key, string.format('%.0f', lifetime(s.x)))
  call('ZADD', base .. 'x', s.x, id)
  if s.u then call('ZADD', base .. 'l', s.l, id) end
end

-- An index must not end before a session in it, however long that is used.
local function keepIndexes(s)
  local ms = math.max(lifetime(s.a), lifetime(s.x))
  keep(base .. 'x', ms)
  if s.u then
    keep(base .. 'l', ms)
    keep(base .. 'u:' .. s.u, ms)
  end
  if s.n then keep(base .. 'e:' .. s.n, ms) end
end

local function enlist(s, authenticatedAt)
  if s.u then call('ZADD', base .. 'u:' .. s.u, authenticatedAt, id) end
  if s.n then call('ZADD', base .. 'e:' .. s.n, authenticatedAt, id) end
end
`

const DATA = `
local function dropEnded(s)
  if not s.t or now < tonumber(s.t) then return end
  local fields = call('HGETALL', key)
  s.t = nil
  for i = 1, #fields, 2 do
    local ending = string.sub(fields[i], 1, 1) == 'd' and string.match(fields[i + 1], '^([^:]+):')
    if ending and tonumber(ending) <= now then
      call('HDEL', key, fields[i])
    elseif ending and (not s.t or tonumber(ending) < tonumber(s.t)) then
      s.t = ending
    end
  end
  put('t', s.t)
end

local function changeData(s)
  dropEnded(s)
  for _ = 1, tonumber(take()) do call('HDEL', key, take()) end
  local earliest = optional()
  if earliest and (not s.t or tonumber(earliest) < tonumber(s.t)) then put('t', earliest) end
  putAll(tonumber(take()))
end
`

const FACTS = `
local function use(s, seenAt, expiresAt)
  if tonumber(seenAt) > tonumber(s.l) then s.l = seenAt end
  if tonumber(expiresAt) > tonumber(s.x) then s.x = expiresAt end
  if tonumber(s.a) < tonumber(s.x) then s.x = s.a end
  call('HSET', key, 'l', s.l, 'x', s.x)
end

-- Client facts, lifetime and use: each may be there or not. The indexes follow; also when the login has changed.
local function changeFacts(s, hasMoved)
  local client = optional()
  if client then put('f', client) end
  local idleTimeout = optional()
  if idleTimeout then
    s.a, s.x = take(), take()
    call('HSET', key, 'i', idleTimeout, 'a', s.a, 'x', s.x, 'k', take())
  end
  local seenAt = optional()
  if seenAt then use(s, seenAt, take()) end
  if idleTimeout or seenAt or hasMoved then place(s) end
  if idleTimeout or hasMoved then keepIndexes(s) end
end

local function announce(s)
  publish('c ' .. id .. ' ' .. string.format('%.0f', tonumber(s.v) + 1))
end
`

const KINDS = `
local kinds = {}

function kinds.create()
  local version, s = take(), { a = take(), x = take(), l = take(), u = optional(), n = optional() }
  local authenticatedAt = take()
  if load() then return 'exists' end
  -- Only then: a server without memory left refuses a script at its first write, unless that is a removal.
  if call('EXISTS', key) == 1 or call('ZSCORE', base .. 'x', id) then remove(id) end
  putAll(tonumber(take()))
  enlist(s, authenticatedAt)
  place(s)
  keepIndexes(s)
  return tonumber(version)
end

function kinds.patch()
  local s = load()
  if not s then return 'gone' end
  local epoch, ifVersion = take(), optional()
  if differs(s.e, epoch) or (ifVersion and differs(s.v, ifVersion)) then return 'conflict' end
  announce(s)
  local version = call('HINCRBY', key, 'v', 1)
  changeFacts(s)
  changeData(s)
  return version
end

local function relog(s)
  unindex(id, s.u, s.n)
  call('HINCRBY', key, 'e', 1)
  put('o', optional())
  s.u, s.n = optional(), optional()
  put('u', s.u)
  put('n', s.n)
  enlist(s, take())
end

function kinds.rotate()
  local s = load()
  if not s then return 'gone' end
  if differs(s.e, take()) or differs(s.g, take()) then return 'conflict' end
  announce(s)
  local version = call('HINCRBY', key, 'v', 1)
  call('HINCRBY', key, 'g', 1)
  put('s', take())
  put('p', optional())
  put('q', nil)
  put('r', take())
  local isPrivilege = optional()
  if isPrivilege then relog(s) end
  changeFacts(s, isPrivilege)
  changeData(s)
  return version
end

function kinds.touch()
  local s = load()
  if not s then return 'gone' end
  local seenAt, expiresAt, confirm = take(), take(), optional()
  use(s, seenAt, expiresAt)
  if confirm and s.p and not s.q and not differs(s.g, confirm) then put('q', seenAt) end
  place(s)
  return tonumber(s.v)
end

function kinds.revoke()
  local s = load()
  if not s then return 'gone' end
  publish('r ' .. id)
  remove(id)
  return tonumber(s.v)
end
`

const MAIN = `
local outcomes = {}
while at < #ARGV do
  local kind, count = take(), tonumber(take())
  local last = at + count
  outcomes[#outcomes + 1] = kinds[kind]()
  at = last
end
return outcomes
`
