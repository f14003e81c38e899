import type { Input, Seeds } from "./inputs.ts"

/** A way into the library for what anybody may send. */
export interface Target<Result = unknown> {
  readonly name: string
  /** What its inputs are made from. */
  readonly seeds: Seeds
  /** What the library makes of the text. */
  run(text: string): Result | Promise<Result>
  /** In a word, what that was. Throws when the result breaks a promise. */
  judge(input: Input, result: Result): string
}

/** A target, whatever its results are. */
export interface AnyTarget extends Pick<Target, "name" | "seeds"> {
  run(text: string): unknown
  /** Runs and judges. */
  try(input: Input): string | Promise<string>
}

export function target<Result>(given: Target<Result>): AnyTarget {
  return {
    ...given,
    try(input) {
      const result = given.run(input.text)
      if (result instanceof Promise) return result.then((each: Result) => given.judge(input, each))
      return given.judge(input, result)
    },
  }
}
