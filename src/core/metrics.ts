import type { Counters } from "../contract/store.ts"
import type { Histogram, OperationMetrics } from "./meter.ts"

/** What a manager has done since it was made, in numbers that only grow but for those of what is held now. */
export interface SessionMetrics {
  /** Calls of the store by operation: `find`, `apply`, `findByUser`, … */
  readonly store: Readonly<Record<string, OperationMetrics>>
  /** What the parts below count: `nearCache`, and what a store counts itself. */
  readonly counters: Counters
}

/**
 * The metrics in Prometheus' text format (version 0.0.4), for an endpoint of the application's own. `prefix` begins each
 * name.
 */
export function prometheusText(metrics: SessionMetrics, prefix = "sojourn"): string {
  const lines: string[] = []
  const operations = Object.entries(metrics.store)
  const latency = `${prefix}_store_latency_seconds`
  lines.push(`# TYPE ${latency} histogram`)
  for (const [name, operation] of operations)
    lines.push(...histogram(latency, name, operation.latency, 1_000))
  const batch = `${prefix}_store_batch_size`
  lines.push(`# TYPE ${batch} histogram`)
  for (const [name, operation] of operations) lines.push(...histogram(batch, name, operation.batchSize, 1))
  for (const kind of ["failures", "refusals"] as const) {
    const metric = `${prefix}_store_${kind}_total`
    lines.push(`# TYPE ${metric} counter`)
    for (const [name, operation] of operations)
      lines.push(`${metric}{operation="${name}"} ${operation[kind]}`)
  }
  for (const [group, counts] of Object.entries(metrics.counters)) {
    for (const [name, value] of Object.entries(counts)) {
      const metric = `${prefix}_${snake(group)}_${snake(name)}`
      lines.push(`# TYPE ${metric} untyped`, `${metric} ${value}`)
    }
  }
  return `${lines.join("\n")}\n`
}

function histogram(
  metric: string,
  operation: string,
  { buckets, count, sum }: Histogram,
  unit: number,
): string[] {
  const label = `operation="${operation}"`
  return [
    ...buckets.map(bucket => `${metric}_bucket{${label},le="${bucket.atMost / unit}"} ${bucket.count}`),
    `${metric}_bucket{${label},le="+Inf"} ${count}`,
    `${metric}_sum{${label}} ${sum / unit}`,
    `${metric}_count{${label}} ${count}`,
  ]
}

const snake = (name: string): string => name.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`)
