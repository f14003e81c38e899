/** A request was answered with the session. */
export interface Served {
  readonly node: number
  readonly id: string
  /** When the request began. */
  readonly at: number
  readonly version: number
  /** The version that its cookie named. */
  readonly named: number
}

/** A revocation was acknowledged. */
export interface Ended {
  readonly node: number
  readonly id: string
  readonly at: number
}

/** All that clients saw, and what of it must not have been. */
export class History {
  readonly served: Served[] = []
  readonly ended: Ended[] = []

  /** What breaks G4 (revoked everywhere within `bound`, at once on the revoking node) or G5 (never older than seen). */
  violations(bound: number): string[] {
    return [...this.#lateRevocations(bound), ...this.#oldReads()]
  }

  #lateRevocations(bound: number): string[] {
    const ends = Map.groupBy(this.ended, ({ id }) => id)
    return this.served.flatMap(({ id, node, at }) =>
      (ends.get(id) ?? [])
        .filter(end => at > end.at + (end.node === node ? 0 : bound))
        .map(end => `G4: node ${node} served ${id} ${at - end.at} ms after node ${end.node} had ended it`),
    )
  }

  #oldReads(): string[] {
    return this.served
      .filter(({ version, named }) => version < named)
      .map(
        ({ id, node, version, named }) =>
          `G5: node ${node} served ${id} v${version} to who had seen v${named}`,
      )
  }
}
