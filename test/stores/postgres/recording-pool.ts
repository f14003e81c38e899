import type { PostgresPool, PostgresQuery } from "../../../src/stores/postgres/index.ts"

export interface RecordingPool extends PostgresPool {
  /** What was sent since it was emptied last, in order. */
  readonly sent: PostgresQuery[]
}

/** Passes everything on, and keeps what was sent. */
export function recordingPool(pool: PostgresPool): RecordingPool {
  const sent: PostgresQuery[] = []
  return {
    sent,
    async connect() {
      const client = await pool.connect()
      return {
        query: query => {
          sent.push(query)
          return client.query(query)
        },
        release: error => client.release(error),
      }
    },
  }
}
