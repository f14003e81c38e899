import { prelude, type Script, type ScriptOptions, SESSION, script } from "./script.ts"

/**
 * Scripts over one bucket's sessions of one user, or of one external id. Each answers with two lists: what it did,
 * and the ids whose session it did not find, or found in other hands.
 */
export interface IndexScripts {
  /** `base now name field`: the ids of the live sessions and their text, in turn; see `readScript`. */
  readonly find: Script
  /** `base now name field`: the ids of the live sessions. */
  readonly list: Script
  /**
   * `base now name field except notice`: ids that were live and are revoked now. Without a notice, each is told by
   * itself.
   */
  readonly revoke: Script
  /**
   * `name field id…`, with the keys of the index and of these sessions: takes what is stale out of the index, and
   * tells it.
   */
  readonly repair: Script
}

export function indexScripts(options: ScriptOptions): IndexScripts {
  const shared = [prelude(options), LIVE]
  return {
    find: script(...shared, FIND),
    list: script(...shared, LIST),
    revoke: script(...shared, REVOKE),
    repair: script(SESSION, REPAIR),
  }
}

const LIVE = `
local name, field = ARGV[3], ARGV[4]
local stale = {}

local function live()
  local ids = {}
  for _, id in ipairs(call('ZRANGE', KEYS[1], 0, -1)) do
    local s = load(base .. 's:' .. id)
    if not s or open(s)[field] ~= name then
      stale[#stale + 1] = id
    elseif now < tonumber(s.x) then
      ids[#ids + 1] = id
    end
  end
  return ids
end
`

const FIND = `
local found = {}
for _, id in ipairs(live()) do
  found[#found + 1] = id
  found[#found + 1] = whole(base .. 's:' .. id)
end
return { found, stale }
`

const LIST = "return { live(), stale }"

const REVOKE = `
local except, notice = ARGV[5], ARGV[6]
local ids = {}
for _, id in ipairs(live()) do
  if except ~= '=' .. id then ids[#ids + 1] = id end
end
if #ids > 0 then requireRemoval() end
if #ids > 0 and notice ~= '' then publish(notice) end
for _, id in ipairs(ids) do
  if notice == '' then publish('r ' .. id) end
  remove(id)
end
return { ids, stale }
`

const REPAIR = `
local repaired = {}
for i = 2, #KEYS do
  local s = load(KEYS[i])
  if not s or open(s)[ARGV[2]] ~= ARGV[1] then
    call('ZREM', KEYS[1], ARGV[i + 1])
    repaired[#repaired + 1] = ARGV[i + 1]
  end
end
return repaired
`
