import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { openShop } from "./shop-process.ts"
import { type Seen, Visitor } from "./visitor.ts"

const CHROME =
  "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36"
const SAFARI =
  "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 Safari/604.1"

describe("the shop's list of devices", () => {
  const shop = openShop()

  const signedIn = async (user: "anna" | "ben", userAgent?: string): Promise<Visitor> => {
    const visitor = new Visitor(shop.address, userAgent)
    await visitor.logIn(user)
    return visitor
  }

  /** Only what the test itself signs in is then signed in. */
  const onlyOne = async (user: "anna" | "ben", userAgent?: string): Promise<Visitor> => {
    const visitor = await signedIn(user, userAgent)
    await visitor.post("/devices/sign-out-others")
    return visitor
  }

  it("shows each device with its browser and address, and which one this is", async () => {
    const laptop = await onlyOne("anna", CHROME)
    await signedIn("anna", SAFARI)
    const page = await laptop.get("/devices")
    assert.deepEqual(headingsIn(page), [
      'Chrome on Windows <span class="badge">This device</span>',
      "Safari on iPhone",
    ])
    assert.match(page.body, /<p class="detail">(127\.0\.0\.1|::1)<\/p>/)
    assert.match(page.body, /Signed in <time datetime="[^"]+Z">just now<\/time>, in use now/)
    assert.match(page.body, /last seen <time datetime="[^"]+Z">just now<\/time>/)
  })

  it("G4: signs out another device, at once", async () => {
    const laptop = await onlyOne("anna", CHROME)
    const phone = await signedIn("anna", SAFARI)
    const [id = ""] = idsIn(await laptop.get("/devices"))
    const after = await laptop.post("/devices/sign-out", { device: id })
    assert.deepEqual(after.messages, ["The device is signed out."])
    assert.deepEqual(idsIn(after), [])
    assert.equal((await phone.get("/devices")).path, TO_LOGIN)
    assert.equal((await laptop.get("/devices")).path, "/devices")
  })

  it("signs out all others, and keeps this one", async () => {
    const laptop = await onlyOne("anna")
    const others = [await signedIn("anna"), await signedIn("anna")]
    const ben = await signedIn("ben")
    const after = await laptop.post("/devices/sign-out-others")
    assert.deepEqual(after.messages, ["2 other devices are signed out."])
    for (const other of others) assert.equal((await other.get("/devices")).path, TO_LOGIN)
    assert.equal((await ben.get("/devices")).path, "/devices")
  })

  it("signs out this device when its own id is sent", async () => {
    const laptop = await onlyOne("anna", CHROME)
    const phone = await signedIn("anna", SAFARI)
    const [laptopId = ""] = idsIn(await phone.get("/devices"))
    assert.equal((await laptop.post("/devices/sign-out", { device: laptopId })).path, TO_LOGIN)
    assert.equal((await phone.get("/devices")).path, "/devices")
  })

  it("lets nobody sign out another user's device, nor tells whether it exists", async () => {
    const anna = await onlyOne("anna", CHROME)
    await signedIn("anna", SAFARI)
    const ben = await signedIn("ben")
    const [annas = ""] = idsIn(await anna.get("/devices"))
    const [real, unknown, malformed] = [
      await ben.post("/devices/sign-out", { device: annas }),
      await ben.post("/devices/sign-out", { device: "A".repeat(22) }),
      await ben.post("/devices/sign-out", { device: "../../etc/passwd" }),
    ]
    for (const answer of [real, unknown, malformed]) {
      assert.equal(answer.status, 404)
      assert.equal(withoutTokens(answer), withoutTokens(real))
    }
    assert.deepEqual(idsIn(await anna.get("/devices")), [annas])
  })

  it("asks a stranger to log in", async () => {
    const stranger = new Visitor(shop.address)
    assert.equal((await stranger.get("/devices")).path, TO_LOGIN)
    for (const path of ["/devices/sign-out-others", "/devices/sign-out"]) {
      assert.equal((await stranger.post(path, { device: "" })).path, "/login?returnTo=%2F")
    }
  })

  it("shows the name of a device and its browser as text, whatever they are", async () => {
    const hostile = `"><script>alert('&')</script>`
    const laptop = await onlyOne("ben", `${hostile}/1.0`)
    const named = await laptop.post("/devices/name", { name: hostile })
    const escaped = "&#34;&#62;&#60;script&#62;alert(&#39;&#38;&#39;)&#60;/script&#62;"
    assert.ok(named.body.includes(`<h2>${escaped} `))
    assert.ok(named.body.includes(`name="name" value="${escaped}"`))
    assert.ok(named.body.includes("&#34;&#62;&#60;script&#62;alert(&#39;&#38;&#39;)&#60;"))
    assert.doesNotMatch(named.body, /<script/)
  })
})

const withoutTokens = ({ body }: Seen): string => body.replaceAll(/name="_csrf" value="[^"]*"/g, "")

const TO_LOGIN = "/login?returnTo=%2Fdevices"

const headingsIn = ({ body }: Seen): string[] =>
  [...body.matchAll(/<h2>(.*?)<\/h2>/g)].map(match => match[1] ?? "")

/** The ids of the devices that the page offers to sign out: all but its own. */
const idsIn = ({ body }: Seen): string[] =>
  [...body.matchAll(/name="device" value="([^"]*)"/g)].map(match => match[1] ?? "")
