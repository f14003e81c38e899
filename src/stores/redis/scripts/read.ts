import { type Script, SESSION, script } from "./script.ts"

/** Sessions of one bucket, by their keys: each one's fields and values, a line each. */
export const readScript: Script = script(
  SESSION,
  `
local texts = {}
for i = 1, #KEYS do texts[i] = whole(KEYS[i]) end
return texts
`,
)
