import type { Ended, History, Shown } from "./history.ts"

/** What of the history must not have been, as sentences. */
export function violations(history: History, bound: number): string[] {
  return [...afterTheEnd(history, bound), ...olderThanSeen(history), ...lost(history)]
}

/** The longest time after its acknowledged end that another node still showed a session, in milliseconds. */
export function worstStaleness(history: History): number {
  const ends = firstEnds(history)
  const late = history.shown.flatMap(({ id, from }) => {
    const end = ends.get(id)
    return end ? [from - end.at] : []
  })
  return Math.max(0, ...late)
}

/** When each session's end was first acknowledged. */
function firstEnds({ ended }: History): ReadonlyMap<string, Ended> {
  const first = new Map<string, Ended>()
  for (const end of ended)
    if (end.at < (first.get(end.id)?.at ?? Number.POSITIVE_INFINITY)) first.set(end.id, end)
  return first
}

function afterTheEnd(history: History, bound: number): string[] {
  const ends = firstEnds(history)
  return history.shown.flatMap(shown => {
    const end = ends.get(shown.id)
    if (!end) return []
    const late = shown.from - end.at
    const who = `node ${shown.node} ${shown.wrote ? "changed" : "showed"} ${shown.id} in a request that began ${late.toFixed(1)} ms after node ${end.node} had ended it`
    if (shown.wrote && late > 0) return [`G2: ${who}`]
    return late > (shown.node === end.node ? 0 : bound) ? [`G4: ${who}`] : []
  })
}

const olderThanSeen = ({ shown }: History): string[] =>
  shown.flatMap((each: Shown) => {
    const { node, id, version, named, count, countSeen } = each
    if (version < named) return [`G5: node ${node} showed ${id} v${version} to a cookie that named v${named}`]
    if (count < countSeen) return [`G5: node ${node} showed ${id} with ${count} to who had seen ${countSeen}`]
    return []
  })

function lost(history: History): string[] {
  const ends = firstEnds(history)
  const refused = history.refused.filter(id => !ends.has(id) && !history.of(id).mayHaveEnded)
  return [
    ...refused.map(id => `G1: ${id} was not opened, though nobody had ended it`),
    ...remaining(history, ends),
  ]
}

function remaining(history: History, ends: ReadonlyMap<string, Ended>): string[] {
  return [...history.remains].flatMap(([id, remains]) => {
    const { increments, keys, mayHaveEnded } = history.of(id)
    if (ends.has(id)) return remains ? [`G2: ${id} is back after its end`] : []
    if (!remains) return mayHaveEnded ? [] : [`G1: ${id} is gone, though nobody ended it`]
    const count = remains["count"] ?? 0
    const { sure, unsure } = increments
    const wrong = [...keys].filter(
      ([key, wanted]) => (remains[key] ?? 0) < wanted.sure && !wanted.unsure.has(remains[key] ?? 0),
    )
    return [
      ...(count >= sure && count <= sure + unsure
        ? []
        : [`G1: ${id} counts ${count} after ${sure} increments and ${unsure} of which nobody knows`]),
      ...wrong.map(
        ([key, { sure: newest }]) => `G1: ${id} has lost ${key} = ${newest}, and holds ${remains[key]}`,
      ),
    ]
  })
}
