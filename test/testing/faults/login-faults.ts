import type { AuthenticationMethod, Login, SessionRecord } from "../../../src/contract/index.ts"
import { type Fault, lossy, spoilt } from "./fault.ts"

/** A store that loses something of a new record's login. */
const losing = (name: string, lose: (login: Login, record: SessionRecord) => Login): Fault =>
  lossy(name, record => ({ login: record.login && lose(record.login, record) }))

const methods = (
  name: string,
  lose: (methods: readonly AuthenticationMethod[], login: Login) => readonly AuthenticationMethod[],
): Fault => losing(name, login => ({ ...login, methods: lose(login.methods, login) }))

const without = (login: Login, field: "assurance" | "stampHash" | "externalId"): Login => {
  const { [field]: _, ...rest } = login
  return rest
}

/** A store that loses something of the login that a rotation brings. */
const atRotation = (name: string, lose: (login: Login) => Login): Fault =>
  spoilt(name, ({ login }, change) => (change.kind === "rotate" && login ? { login: lose(login) } : {}))

const named = (a: AuthenticationMethod, b: AuthenticationMethod): number => (a.name < b.name ? -1 : 1)

export const loginFaults: readonly Fault[] = [
  methods("drops the login's methods", () => []),
  methods("sorts the login's methods by name", list => list.toSorted(named)),
  methods("sorts the login's methods by time", list => list.toSorted((a, b) => a.at - b.at)),
  methods("keeps each method once", list =>
    list.filter(({ name }, at) => list.findIndex(one => one.name === name) === at),
  ),
  methods("takes one time for all methods", (list, { authenticatedAt }) =>
    list.map(({ name }) => ({ name, at: authenticatedAt })),
  ),
  methods("splits no methods out of an empty text", (list, { authenticatedAt }) =>
    list.length > 0 ? list : [{ name: "", at: authenticatedAt }],
  ),
  methods("joins methods by commas", list =>
    list.flatMap(({ name, at }) => name.split(",").map(part => ({ name: part, at }))),
  ),
  losing("takes the creation for the authentication", (login, { createdAt }) => ({
    ...login,
    authenticatedAt: createdAt,
  })),
  losing("drops the assurance", login => without(login, "assurance")),
  losing("drops the stamp", login => without(login, "stampHash")),
  losing("drops the external id", login => without(login, "externalId")),
  losing("fills what a login does not say", login => ({ assurance: "", externalId: "", ...login })),
  losing("takes an empty assurance for none", login =>
    login.assurance === "" ? without(login, "assurance") : login,
  ),
  losing("takes an empty external id for none", login =>
    login.externalId === "" ? without(login, "externalId") : login,
  ),
  losing("knows no unicode in a login's facts", login => ({
    ...login,
    ...(login.assurance !== undefined && {
      assurance: Buffer.from(login.assurance, "latin1").toString("latin1"),
    }),
  })),
  atRotation("drops the assurance at a rotation", login => without(login, "assurance")),
  atRotation("drops the stamp at a rotation", login => without(login, "stampHash")),
  atRotation("drops the external id at a rotation", login => without(login, "externalId")),
  atRotation("dates all methods at a rotation", login => ({
    ...login,
    methods: login.methods.map(({ name }) => ({ name, at: login.authenticatedAt })),
  })),
]
