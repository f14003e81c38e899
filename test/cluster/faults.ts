import { setTimeout as delay } from "node:timers/promises"
import type { SeededRandom } from "../../src/testing/seeded-random.ts"
import type { FaultProxy } from "../services/fault-proxy.ts"
import type { Fault } from "./cluster.ts"
import type { FeedFault } from "./prove.ts"

/** What can be done to the feed that goes over the link. */
export const feedFault = (link: FaultProxy | undefined): FeedFault => ({
  silence: () => link?.halfOpen(),
  outage() {
    link?.refuse()
    link?.cut()
  },
  heal: () => link?.heal(),
})

/** Every way in which the links between nodes and server may fail, one node's at a time. */
export function linkFaults(links: readonly FaultProxy[]): Fault[] {
  const onOne =
    (begin: (link: FaultProxy, random: SeededRandom) => void, least: number, most: number): Fault =>
    async random => {
      const link = links[random.below(links.length)]
      if (!link) return
      begin(link, random)
      await delay(least + random.below(most - least))
      link.heal()
    }
  return [
    onOne(
      (link, random) => link.delay(20, { jitter: 150, random: () => random.below(1_000) / 1_000 }),
      300,
      1_200,
    ),
    onOne((link, random) => link.delay(300, { direction: random.pick("up", "down") }), 300, 1_200),
    onOne(link => link.halfOpen(), 300, 2_500),
    onOne((link, random) => link.halfOpen(random.pick("up", "down")), 300, 2_500),
    onOne(link => link.cut(), 1, 100),
    onOne(
      link => {
        link.refuse()
        link.cut()
      },
      200,
      1_000,
    ),
  ]
}
