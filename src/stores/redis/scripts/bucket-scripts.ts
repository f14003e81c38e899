import { prelude, type Script, type ScriptOptions, script } from "./script.ts"

/** Scripts over a slice of one bucket: the server does nothing else while one runs. */
export interface BucketScripts {
  /** `base now limit`: how many entries it looked at, then the ids that it removed. */
  readonly sweep: Script
  /**
   * `base now limit`: how many entries it looked at, how many of these were live, then the ids whose session it did
   * not find before its end. With the keys of sessions besides the index's, it looks at `id…` instead, which follow.
   */
  readonly revoke: Script
  /**
   * `base now since skip limit`: how many entries it looked at, the last use of the last, how
   * many have that last use, then the names of users, each once.
   */
  readonly users: Script
}

export const bucketScripts = (options: ScriptOptions): BucketScripts => ({
  sweep: script(prelude(options), SWEEP),
  revoke: script(prelude(options), REVOKE),
  users: script(prelude(options), USERS),
})

const SWEEP = `
local ids = call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[2], 'LIMIT', 0, ARGV[3])
local swept = { tostring(#ids) }
for _, id in ipairs(ids) do
  local s = load(base .. 's:' .. id)
  if s and now < tonumber(s.x) then
    call('ZADD', KEYS[1], s.x, id)
  else
    remove(id)
    swept[#swept + 1] = id
  end
end
return swept
`

const REVOKE = `
local ids = {}
if #KEYS == 1 then
  ids = call('ZRANGE', KEYS[1], 0, ARGV[3] - 1)
else
  for i = 4, #ARGV do ids[#ids + 1] = ARGV[i] end
end
local live, missing = 0, {}
requireRemoval()
publish('a')
for _, id in ipairs(ids) do
  local s = load(base .. 's:' .. id)
  if s and now < tonumber(s.x) then live = live + 1 end
  if s or #KEYS > 1 or tonumber(call('ZSCORE', KEYS[1], id)) <= now then
    remove(id)
  else
    missing[#missing + 1] = id
  end
end
return { #ids, live, missing }
`

const USERS = `
local rows = call('ZRANGEBYSCORE', KEYS[1], ARGV[3], '+inf', 'WITHSCORES', 'LIMIT', ARGV[4], ARGV[5])
local last, ties = rows[#rows] or '', 0
for i = 2, #rows, 2 do
  if rows[i] == last then ties = ties + 1 end
end
local users, known = { tostring(#rows / 2), last, tostring(ties) }, {}
for i = 1, #rows, 2 do
  local s = load(base .. 's:' .. rows[i])
  local user = s and open(s).u or ''
  if user ~= '' and not known[user] and now < tonumber(s.x) then
    known[user] = true
    users[#users + 1] = user
  end
end
return users
`
