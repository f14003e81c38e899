import type { Duration } from "./duration.ts"

/** `T` with every level read-only, as values are frozen. */
export type DeepReadonly<T> = T extends (...args: never[]) => unknown
  ? T
  : T extends object
    ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> }
    : T

/** The keys of the data's type. */
export type KeyOf<Data> = Extract<keyof Data, string>

export interface SetOptions {
  /** The key's own life; it ends with the session at the latest. */
  readonly expiresIn?: Duration
}
