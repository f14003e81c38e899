import type { Login, SessionRecord } from "../../contract/record.ts"
import { HOUR, MINUTE, type RecordBuilder } from "../record-builder.ts"
import { ODD_TEXTS } from "./odd-texts.ts"

/** What is kept, and a record that says it. */
export type RoundTrip = readonly [
  what: string,
  fields: (records: RecordBuilder, now: number) => Partial<SessionRecord>,
]

/** All that a login can say beside its user, with times that differ. */
export const allLoginFacts = (records: RecordBuilder, now: number): Omit<Login, "userId"> => ({
  authenticatedAt: now - MINUTE,
  methods: [
    { name: "pwd", at: now - HOUR },
    { name: "otp", at: now - MINUTE },
    { name: "hwk", at: now - 2 * MINUTE },
  ],
  assurance: "urn:mace:incommon:iap:silver",
  stampHash: records.hash(),
  externalId: "https://op.example.com 08a5019c-17e1-4977-8f42-65a12843ea02",
})

const login =
  (facts: (records: RecordBuilder, now: number) => Partial<Login>): RoundTrip[1] =>
  (records, now) => ({ login: records.login("u1", facts(records, now)) })

export const loginRoundTrips: readonly RoundTrip[] = [
  ["a login with all that it says, its methods in their order", login(allLoginFacts)],
  ["a login without methods", login(() => ({ methods: [] }))],
  ["a method used twice", login((_, now) => ({ methods: [now - 1, now].map(at => ({ name: "pwd", at })) }))],
  [
    "methods under odd names",
    login((_, now) => ({ methods: ODD_TEXTS.map((name, index) => ({ name, at: now - index })) })),
  ],
  ["an authentication time of its own", login((_, now) => ({ authenticatedAt: now - HOUR }))],
  ["an assurance alone", login(() => ({ assurance: "2" }))],
  ["a stamp alone", login(records => ({ stampHash: records.hash() }))],
  ["an external id alone", login(() => ({ externalId: "sid-1" }))],
  [
    "an empty assurance and an empty external id, which are not absent",
    login(() => ({ assurance: "", externalId: "" })),
  ],
  [
    "an assurance and an external id of odd text",
    login(() => ({ assurance: ODD_TEXTS.join(), externalId: ODD_TEXTS.join(" ") })),
  ],
]
