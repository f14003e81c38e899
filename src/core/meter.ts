/** Upper bounds of the latency buckets, in milliseconds; a slower call is in none of them. */
const LATENCIES = [0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000] as const
/** Upper bounds of the batch-size buckets. */
const SIZES = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512] as const

/** How often values fell at or below each bound, as Prometheus counts: each bucket holds those before it. */
export interface Histogram {
  readonly buckets: readonly { readonly atMost: number; readonly count: number }[]
  readonly count: number
  readonly sum: number
}

/** What one kind of store call did, from the start. */
export interface OperationMetrics {
  /** Milliseconds from sending a call to its answer, failed calls included. */
  readonly latency: Histogram
  /** How many sessions each call was about. */
  readonly batchSize: Histogram
  readonly failures: number
  /** Operations that were refused with `ERR_SESSION_OVERLOADED`, as too many waited. */
  readonly refusals: number
}

class Distribution {
  #count = 0
  #sum = 0
  readonly #bounds: readonly number[]
  readonly #counts: number[]

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds
    this.#counts = bounds.map(() => 0)
  }

  add(value: number): void {
    this.#count += 1
    this.#sum += value
    const bucket = this.#bounds.findIndex(bound => value <= bound)
    if (bucket !== -1) this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1
  }

  read(): Histogram {
    let count = 0
    const buckets = this.#bounds.map((atMost, index) => {
      count += this.#counts[index] ?? 0
      return { atMost, count }
    })
    return { buckets, count: this.#count, sum: this.#sum }
  }
}

class Meter {
  #failures = 0
  #refusals = 0
  readonly #latency = new Distribution(LATENCIES)
  readonly #batchSize = new Distribution(SIZES)

  add(took: number, size: number, failed: boolean): void {
    this.#latency.add(took)
    this.#batchSize.add(size)
    if (failed) this.#failures += 1
  }

  refuse(): void {
    this.#refusals += 1
  }

  read(): OperationMetrics {
    return {
      latency: this.#latency.read(),
      batchSize: this.#batchSize.read(),
      failures: this.#failures,
      refusals: this.#refusals,
    }
  }
}

/** Measures the calls of one store, by operation. */
export class Meters {
  readonly #meters = new Map<string, Meter>()

  async measure<Answer>(operation: string, size: number, call: () => Promise<Answer>): Promise<Answer> {
    const from = performance.now()
    let failed = true
    try {
      const answer = await call()
      failed = false
      return answer
    } finally {
      this.#of(operation).add(performance.now() - from, size, failed)
    }
  }

  /** Counts an operation that found no room to wait. */
  refuse(operation: string): void {
    this.#of(operation).refuse()
  }

  read(): Readonly<Record<string, OperationMetrics>> {
    return Object.fromEntries([...this.#meters].map(([operation, meter]) => [operation, meter.read()]))
  }

  #of(operation: string): Meter {
    const known = this.#meters.get(operation)
    if (known) return known
    const meter = new Meter()
    this.#meters.set(operation, meter)
    return meter
  }
}
