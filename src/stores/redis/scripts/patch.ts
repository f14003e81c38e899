import { feed, type Script, type ScriptOptions, script } from "./script.ts"

/** A session some of whose keys may have ended. */
export const HAS_ENDED_KEYS = "ended"

/**
 * Plain patches of one bucket, each of another session, which is the key of the same place: `base now (epoch ifVersion count
 * field value…)…`. One outcome each: the version, what hindered it, or `HAS_ENDED_KEYS`; then nothing has been done, and
 * `applyScript` does it.
 *
 * `applyScript` would do the same; but most patches are plain, and this one has less to set up and to look at. Nothing comes into
 * being, so the indexes need not be among the keys.
 */
export const patchScript = (options: ScriptOptions): Script =>
  script(
    feed(options),
    `
local id, match, sub, format = #base + 3, string.match, string.sub, string.format
local KEYS, ARGV = KEYS, ARGV
local outcomes, news, at, first = {}, {}, 3, nil
for i = 1, #KEYS do
  local found = call('HMGET', KEYS[i], 'v', 'f')
  local outcome = 'gone'
  if found[2] then
    local e, t, x = match(found[2], '^(%S*)\\t(%S*)\\t(%S*)')
    local isWanted = ARGV[at + 1] == '' or ARGV[at + 1] == found[1]
    if now < tonumber(x) then
      if e ~= ARGV[at] or not isWanted then
        outcome = 'conflict'
      elseif t ~= '' and now >= tonumber(t) then
        outcome = '${HAS_ENDED_KEYS}'
      else
        outcome = found[1] + 1
        -- In the epoch's place, for what follows.
        ARGV[at] = format('%.0f', outcome)
        -- Not by \`%s\`, which ends at a NUL.
        news[#news + 1] = 'c ' .. sub(KEYS[i], id) .. ' ' .. ARGV[at]
        first = first or KEYS[i]
      end
    end
  end
  outcomes[i] = outcome
  at = at + 3 + ARGV[at + 2]
end

if first then
  -- It is there, so nothing changes; but a server that takes no writes, or has no memory left, refuses this one.
  call('HSETNX', first, 'f', '')
  publish(table.concat(news, '\\n'))
end
at = 3
for i = 1, #KEYS do
  local last = at + 2 + ARGV[at + 2]
  if type(outcomes[i]) == 'number' then
    call('HSET', KEYS[i], 'v', ARGV[at], unpack(ARGV, at + 3, last))
  end
  at = last + 1
end
return outcomes
`,
  )
