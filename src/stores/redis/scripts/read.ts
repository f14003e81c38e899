import { type Script, SESSION, script } from "./script.ts"

/** The server does nothing else while a script runs: this many bytes take it a millisecond. */
const MAX_BYTES = 256 * 1024

/**
 * Sessions of one bucket, by their keys: each one's fields and values, a line each. Once they have so many bytes, it
 * looks at no more: each of the rest is nil.
 */
export const readScript: Script = script(
  SESSION,
  `
local texts, room = {}, ${MAX_BYTES}
for i = 1, #KEYS do
  local text = room > 0 and whole(KEYS[i])
  if text then room = room - #text end
  texts[i] = text
end
return texts
`,
)
