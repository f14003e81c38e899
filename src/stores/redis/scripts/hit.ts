import { type Script, script } from "./script.ts"

/**
 * Hits of keys in one bucket, in order, as `applyHit` says: `now (windowStart window limit cost lifetime)…`, one key
 * each. One outcome each: whether it is allowed, the start of the window, its count and the one before. Lua's numbers
 * are JavaScript's: the same sums come out, as long as they are written with all their digits.
 */
export const hitScript = (): Script => script(HIT)

const HIT = `
local now = tonumber(ARGV[1])
local outcomes = {}

local function text(number) return string.format('%.17g', number) end

local function countAt(stored, start, window)
  local at, current, previous = string.match(stored or '', '^(%S+) (%S+) (%S+)$')
  at = tonumber(at)
  if not at or at < start - window then return start, 0, 0 end
  if at >= start and at <= start + window then return at, tonumber(current), tonumber(previous) end
  return start, 0, tonumber(current)
end

for i, key in ipairs(KEYS) do
  local at = 5 * (i - 1) + 2
  local window, limit, cost = tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3])
  local start, current, previous = countAt(redis.call('GET', key), tonumber(ARGV[at]), window)
  local elapsed = math.max(now - start, 0)
  local allowed = previous * (window - elapsed) + (current + cost) * window <= limit * window
  if allowed then current = current + cost end
  local count = text(start) .. ' ' .. text(current) .. ' ' .. text(previous)
  redis.call('SET', key, count, 'PX', ARGV[at + 4])
  outcomes[i] = (allowed and '1 ' or '0 ') .. count
end
return outcomes
`
