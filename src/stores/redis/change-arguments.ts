import type { Change, DataChange, Lifetime, Patch, Rotate, Seen } from "../../contract/change.ts"
import type { ClientFacts, Login, SessionRecord } from "../../contract/record.ts"
import { earliestEnd, encodeData, encodeFacts, encodeKey, encodeLogin } from "./fields.ts"

/**
 * A change as the script takes it: its kind, how many arguments follow, and these. What is not there is an empty
 * text.
 */
export function changeArguments(change: Change): string[] {
  const values = valuesOf(change)
  return [change.kind, `${values.length}`, ...values]
}

/** What fits the script's stack in one command. */
const MAX_PLAIN = 100

/** Whether the change only sets values that have no end, as most do. */
export const isPlain = (change: Change): change is Patch =>
  change.kind === "patch" &&
  !(change.client || change.lifetime || change.seen || change.unset.length > 0) &&
  change.set.size <= MAX_PLAIN &&
  earliestEnd(change.set) === ""

/** A plain patch as `patchScript` takes it. */
export function plainArguments({ epoch, ifVersion, set }: Patch): string[] {
  const fields = encodeData(set)
  return [`${epoch}`, text(ifVersion), `${fields.length}`, ...fields]
}

/** The indexes, by their names in the bucket, that the change may bring into being. */
export function newIndexes(change: Change): string[] {
  const login =
    change.kind === "create"
      ? change.record.login
      : change.kind === "rotate"
        ? change.privilege?.login
        : undefined
  if (!login) return []
  const { user, external } = encodeLogin(login)
  return external === "" ? [`u:${user}`] : [`u:${user}`, `e:${external}`]
}

function valuesOf(change: Change): string[] {
  switch (change.kind) {
    case "create":
      return createValues(change.record)
    case "patch":
      return patchValues(change)
    case "rotate":
      return rotateValues(change)
    case "touch":
      return [...seenValues(change.seen), text(change.confirm)]
    case "revoke":
      return []
  }
}

const createValues = (record: SessionRecord): string[] => [
  `${record.version}`,
  encodeFacts(record),
  text(record.login?.authenticatedAt),
  ...encodeData(record.data),
]

const patchValues = (patch: Patch): string[] => [
  `${patch.epoch}`,
  text(patch.ifVersion),
  ...factValues(patch),
  ...dataValues(patch),
]

const rotateValues = (rotate: Rotate): string[] => [
  `${rotate.epoch}`,
  `${rotate.generation}`,
  rotate.secretHash,
  rotate.previousSecretHash ?? "",
  `${rotate.at}`,
  ...privilegeValues(rotate.privilege),
  ...factValues(rotate),
  ...dataValues(rotate),
]

function privilegeValues(privilege: { readonly login: Login | undefined } | undefined): string[] {
  if (!privilege) return [""]
  const { json, user, external, authenticatedAt } = encodeLogin(privilege.login)
  return ["1", json, user, external, authenticatedAt]
}

interface Facts {
  readonly client?: ClientFacts
  readonly lifetime?: Lifetime
  readonly seen?: Seen
}

function factValues({ client, lifetime, seen }: Facts): string[] {
  if (!client && !lifetime && !seen) return [""]
  return [
    "1",
    client ? JSON.stringify(client) : "",
    ...(lifetime ? lifetimeValues(lifetime) : [""]),
    ...(seen ? seenValues(seen) : [""]),
  ]
}

const lifetimeValues = ({ idleTimeout, absoluteExpiresAt, expiresAt, persistent }: Lifetime): string[] => [
  `${idleTimeout}`,
  `${absoluteExpiresAt}`,
  `${expiresAt}`,
  persistent ? "1" : "0",
]

const seenValues = ({ at, expiresAt }: Seen): string[] => [`${at}`, `${expiresAt}`]

const dataValues = ({ set, unset }: DataChange): string[] => [
  `${unset.length}`,
  ...unset.map(encodeKey),
  earliestEnd(set),
  ...encodeData(set),
]

const text = (value: number | undefined): string => (value === undefined ? "" : `${value}`)
