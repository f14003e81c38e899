import type { SessionInfo } from "../../../src/index.ts"
import { browserName } from "../browser-name.ts"
import { type Html, html } from "../html.ts"
import { ago } from "../time.ts"
import type { Page } from "./layout.ts"

/** The user's sessions, as the devices that they are on. */
export function devicesPage(devices: readonly SessionInfo[], ownId: string, now: number, token: Html): Page {
  const own = devices.filter(({ id }) => id === ownId)
  const others = devices.filter(({ id }) => id !== ownId)
  return {
    title: "Your devices",
    content: html`<p class="lead">You are signed in here. End what you do not know, or no longer use.</p>
    <ul class="rows">${own.map(device => ownRow(device, now, token))}${others.map(device => otherRow(device, now, token))}</ul>
    <div class="choices">
      ${others.length > 0 && signOutOthers(token)}
      <a href="/password">Change your password</a>
    </div>`,
  }
}

const signOutOthers = (token: Html): Html => html`<form method="post" action="/devices/sign-out-others">
      ${token}
      <button>Sign out all other devices</button>
    </form>`

const ownRow = (device: SessionInfo, now: number, token: Html): Html => html`
      <li class="row own">
        <div class="what">
          <h2>${nameOf(device)} <span class="badge">This device</span></h2>
          ${details(device, now, html`in use now`)}
        </div>
        <form class="inline" method="post" action="/devices/name">
          ${token}
          <label>Name of this device
            <input name="name" value="${device.client.label}" maxlength="40" autocomplete="off">
          </label>
          <button class="quiet">Save</button>
        </form>
      </li>`

const otherRow = (device: SessionInfo, now: number, token: Html): Html => html`
      <li class="row">
        <div class="what">
          <h2>${nameOf(device)}</h2>
          ${details(device, now, html`last seen ${ago(device.lastSeenAt, now)}`)}
        </div>
        <form class="inline" method="post" action="/devices/sign-out">
          ${token}
          <input type="hidden" name="device" value="${device.id}">
          <button class="quiet">Sign out<span class="unseen"> ${nameOf(device)}</span></button>
        </form>
      </li>`

const nameOf = ({ client }: SessionInfo): string => client.label || browserName(client.userAgent)

const details = ({ client, authenticatedAt, persistent }: SessionInfo, now: number, seen: Html): Html => html`
          <p class="detail">${client.label && html`${browserName(client.userAgent)}, `}${client.address ?? "unknown address"}</p>
          <p class="detail">Signed in ${authenticatedAt !== undefined && ago(authenticatedAt, now)}, ${seen}${persistent && ", stays signed in"}</p>`
