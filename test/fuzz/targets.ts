import { LiveSessions } from "./live-sessions.ts"
import type { AnyTarget } from "./target.ts"
import { backChannelTargets } from "./targets/back-channel.ts"
import { carrierTargets } from "./targets/carriers.ts"
import { cookieTargets } from "./targets/cookies.ts"
import { csrfTargets } from "./targets/csrf.ts"
import { forwardedTargets } from "./targets/forwarded.ts"
import { originTargets } from "./targets/origin.ts"
import { rateLimitTargets } from "./targets/rate-limit.ts"
import { returnPathTargets } from "./targets/return-path.ts"
import { sealingTargets } from "./targets/sealing.ts"
import { sessionTargets } from "./targets/sessions.ts"

export interface Targets extends AsyncDisposable {
  readonly targets: readonly AnyTarget[]
}

/** All targets, with the sessions that stand behind them. */
export async function openTargets(): Promise<Targets> {
  const live = await LiveSessions.begin()
  return {
    targets: [
      ...sessionTargets(live),
      ...sealingTargets(),
      ...csrfTargets(live),
      ...cookieTargets(live),
      ...carrierTargets(live),
      ...forwardedTargets(),
      ...originTargets(),
      ...rateLimitTargets(live),
      ...backChannelTargets(),
      ...returnPathTargets(),
    ],
    [Symbol.asyncDispose]: () => live.close(),
  }
}
