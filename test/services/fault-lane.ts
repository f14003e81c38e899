import type { Socket } from "node:net"

/** What one direction is like at the moment. */
export interface Weather {
  /** Milliseconds. */
  delay: () => number
  /** Nothing arrives. */
  silent: boolean
  /** Bytes delivered so far. */
  carried: number
  /** Bytes that vanished so far. */
  lost: number
}

/** Carries what one socket says to the other one, in order, through the weather. */
export class Lane {
  readonly #to: Socket
  readonly #weather: Weather
  #last: Promise<void> = Promise.resolve()
  #torn = false

  constructor(from: Socket, to: Socket, weather: Weather) {
    this.#to = to
    this.#weather = weather
    from.on("error", () => {})
    from.on("data", chunk => {
      this.#carry(chunk.length, () => {
        if (to.write(chunk) || to.destroyed) return
        from.pause()
        to.once("drain", () => from.resume())
      })
    })
    from.on("end", () => this.#carry(0, () => to.end()))
    from.on("close", failed => {
      if (failed) this.#carry(0, () => reset(to))
    })
  }

  /** Whether something was lost: the stream has a hole and is of no use any more. */
  get torn(): boolean {
    return this.#torn
  }

  #carry(bytes: number, deliver: () => void): void {
    const due = performance.now() + this.#weather.delay()
    this.#last = this.#last.then(async () => {
      await until(due)
      if (this.#weather.silent) this.#torn = true
      if (this.#torn || this.#to.destroyed) {
        this.#weather.lost += bytes
      } else {
        this.#weather.carried += bytes
        deliver()
      }
    })
  }
}

/** Only what is connected over TCP can be reset. A socket that is just being shut down would never close after it. */
export function reset(socket: Socket): void {
  const isShuttingDown = socket.writableEnded && !socket.writableFinished
  if (socket.remoteAddress === undefined || isShuttingDown) socket.destroy()
  else socket.resetAndDestroy()
}

/** No pause at all when the time has come. The open sockets keep the process alive, not this timer. */
function until(due: number): Promise<void> | undefined {
  const left = due - performance.now()
  return left > 0 ? new Promise(resolve => setTimeout(resolve, left).unref()) : undefined
}
