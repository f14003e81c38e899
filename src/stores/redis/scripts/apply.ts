import { prelude, type Script, type ScriptOptions, script } from "./script.ts"

/**
 * All changes of one call to the sessions of one bucket: `base now (session kind count argument…)…`. A session is named by
 * its place among the KEYS; then come the indexes. As `applyChange` says, fact by fact. One outcome each: the version,
 * or the name of what hindered it.
 *
 * Changes are worked out first; then the server is asked whether it takes them; then their notices are published, in one
 * message; then each session is written, once. So all or nothing is done, and nothing is told that is not done: a server
 * without memory, one that takes no writes, or a user who may not publish refuses the whole script.
 */
export const applyScript = (options: ScriptOptions): Script =>
  script(prelude(options), STATE, DATA, FACTS, KINDS, INDEXES, WRITE, MAIN)

const STATE = `
local at = 2

local function take()
  at = at + 1
  return ARGV[at]
end

local sessions = {}

local function session(n)
  local s = sessions[n]
  if s then return s end
  s = load(KEYS[n]) or {}
  s.key, s.data = KEYS[n], {}
  sessions[n] = s
  return s
end

local function idOf(s) return string.sub(s.key, #base + 3) end
local function isLive(s) return s.x and now < tonumber(s.x) end
local function plusOne(number) return string.format('%.0f', number + 1) end
`

/** What becomes of fields of the data: `data` has the new value of each, or false for one that goes. */
const DATA = `
local function putAll(s, last)
  while at < last do
    local field = take()
    s.data[field] = take()
  end
end

local function endsBy(s, value)
  local ending = value and string.match(value, '^([^:]+):')
  if ending and tonumber(ending) <= now then return true end
  if ending and (s.t == '' or tonumber(ending) < tonumber(s.t)) then open(s).t = ending end
end

local function dropEnded(s)
  if s.t == '' or now < tonumber(s.t) then return end
  local stored, data = call('HGETALL', s.key), s.data
  open(s).t = ''
  for i = 1, #stored, 2 do
    local field = stored[i]
    local isData = string.sub(field, 1, 1) == 'd'
    if isData and data[field] == nil and endsBy(s, stored[i + 1]) then data[field] = false end
  end
  for field, value in pairs(data) do
    if endsBy(s, value) then data[field] = false end
  end
end

local function changeData(s, last)
  dropEnded(s)
  for _ = 1, tonumber(take()) do s.data[take()] = false end
  local earliest = take()
  if earliest ~= '' and (s.t == '' or tonumber(earliest) < tonumber(s.t)) then open(s).t = earliest end
  putAll(s, last)
end
`

const FACTS = `
local function use(s, seenAt, expiresAt)
  if tonumber(seenAt) > tonumber(s.l) then s.l = seenAt end
  if tonumber(expiresAt) > tonumber(s.x) then s.x = expiresAt end
  if tonumber(s.a) < tonumber(s.x) then s.x = s.a end
  s.isMoved = true
end

-- Client facts, lifetime and use: each may be there or be an empty text.
local function changeFacts(s)
  open(s)
  local client = take()
  if client ~= '' then s.w = client end
  local idleTimeout = take()
  if idleTimeout ~= '' then
    s.i = idleTimeout
    s.a, s.x = take(), take()
    s.k = take()
    s.isMoved, s.isLasting = true, true
  end
  local seenAt = take()
  if seenAt ~= '' then use(s, seenAt, take()) end
end

local function relog(s)
  s.was = s.was or { u = s.u, n = s.n }
  s.e = plusOne(s.e)
  s.o, s.u = take(), take()
  s.n, s.authenticatedAt = take(), take()
  s.isMoved, s.isLasting = true, true
end
`

const KINDS = `
local kinds = {}

function kinds.create(s, last)
  local version, facts, authenticatedAt = take(), take(), take()
  if isLive(s) then return 'exists' end
  -- Only then: a removal takes as long as half a creation.
  s.isReplaced = s.isReplaced or call('EXISTS', s.key) == 1 or call('ZSCORE', base .. 'x', idOf(s))
  s.v, s.closed = version, facts
  open(s)
  s.data, s.was, s.authenticatedAt = {}, nil, authenticatedAt
  putAll(s, last)
  s.isChanged, s.isMoved, s.isLasting = true, true, true
  return tonumber(s.v)
end

local function change(s, last)
  s.v = plusOne(s.v)
  s.isChanged, s.isNews = true, true
  if take() ~= '' then changeFacts(s) end
  changeData(s, last)
  return tonumber(s.v)
end

function kinds.patch(s, last)
  if not isLive(s) then return 'gone' end
  local epoch, ifVersion = take(), take()
  if s.e ~= epoch or (ifVersion ~= '' and s.v ~= ifVersion) then return 'conflict' end
  return change(s, last)
end

function kinds.rotate(s, last)
  if not isLive(s) then return 'gone' end
  local epoch, generation = take(), take()
  if s.e ~= epoch or open(s).g ~= generation then return 'conflict' end
  s.g = plusOne(s.g)
  s.s, s.p = take(), take()
  s.q, s.r = '', take()
  if take() ~= '' then relog(s) end
  return change(s, last)
end

function kinds.touch(s)
  if not isLive(s) then return 'gone' end
  local seenAt, expiresAt = take(), take()
  use(open(s), seenAt, expiresAt)
  if take() == s.g and s.p ~= '' and s.q == '' then s.q = seenAt end
  s.isChanged = true
  return tonumber(s.v)
end

function kinds.revoke(s)
  if not isLive(s) then return 'gone' end
  s.x, s.isChanged, s.isReplaced, s.isEnded = nil, false, true, true
  return tonumber(s.v)
end
`

const INDEXES = `
local function enlist(s, id)
  if s.u ~= '' then call('ZADD', base .. 'u:' .. s.u, s.authenticatedAt, id) end
  if s.n ~= '' then call('ZADD', base .. 'e:' .. s.n, s.authenticatedAt, id) end
end

-- Brings the key's end and the index entries up to the record's end and last use.
local function place(s, id)
  call('PEXPIRE', s.key, string.format('%.0f', lifetime(s.x)))
  call('ZADD', base .. 'x', s.x, id)
  if s.u ~= '' then call('ZADD', base .. 'l', s.l, id) end
end

-- An index must not end before a session in it, however long that is used.
local function keepIndexes(s)
  local ms = math.max(lifetime(s.a), lifetime(s.x))
  keep(base .. 'x', ms)
  if s.u ~= '' then
    keep(base .. 'l', ms)
    keep(base .. 'u:' .. s.u, ms)
  end
  if s.n ~= '' then keep(base .. 'e:' .. s.n, ms) end
end
`

const WRITE = `
-- Nobody changes a fact but of an open session.
local function writeFacts(s)
  if s.closed then return end
  local facts = {}
  for i, name in ipairs(FACTS) do facts[i] = s[name] end
  call('HSET', s.key, 'f', table.concat(facts, '\\t'))
end

-- In portions: Lua's stack is small.
local function send(command, key, list)
  for first = 1, #list, 200 do call(command, key, unpack(list, first, math.min(first + 199, #list))) end
end

local function write(s)
  writeFacts(s)
  local put, drop = { 'v', s.v }, {}
  for field, value in pairs(s.data) do
    if value then
      put[#put + 1] = field
      put[#put + 1] = value
    else
      drop[#drop + 1] = field
    end
  end
  send('HSET', s.key, put)
  send('HDEL', s.key, drop)
end

local function settle(s)
  if s.isReplaced then remove(idOf(s)) end
  if not s.isChanged then return end
  write(s)
  if not s.isMoved then return end
  local id = idOf(s)
  if s.was then unindex(id, s.was.u, s.was.n) end
  if s.authenticatedAt then enlist(s, id) end
  place(s, id)
  if s.isLasting then keepIndexes(s) end
end
`

const MAIN = `
-- A server looks at its memory before a script, and once the first write has passed, so do all. So the first is one that
-- needs memory, if any does; and it changes nothing.
local function requireWriting()
  local needsMemory, needsRemoval = false, false
  for _, s in ipairs(sessions) do
    needsMemory, needsRemoval = needsMemory or s.isChanged, needsRemoval or s.isReplaced
    -- Indexes that are not among the KEYS may be on their way to another node.
    if s.isLasting and not s.authenticatedAt and s.u ~= '' then
      call('EXISTS', base .. 'u:' .. s.u)
      if s.n ~= '' then call('EXISTS', base .. 'e:' .. s.n) end
    end
  end
  if needsMemory then
    call('ZADD', base .. 'x', 'XX', 'GT', '-inf', '')
  elseif needsRemoval then
    requireRemoval()
  end
end

local outcomes = {}
while at < #ARGV do
  local s, kind = session(tonumber(take())), take()
  local last = tonumber(take())
  last = at + last
  outcomes[#outcomes + 1] = kinds[kind](s, last)
  at = last
end

local news = {}
for _, s in ipairs(sessions) do
  if s.isEnded then
    news[#news + 1] = 'r ' .. idOf(s)
  elseif s.isNews then
    news[#news + 1] = 'c ' .. idOf(s) .. ' ' .. s.v
  end
end
requireWriting()
if #news > 0 then publish(table.concat(news, '\\n')) end
for _, s in ipairs(sessions) do settle(s) end
return outcomes
`
