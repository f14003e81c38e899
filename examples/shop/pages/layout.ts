import type { FlashMessage } from "../../../src/index.ts"
import { type Html, html } from "../html.ts"

export interface Page {
  readonly title: string
  readonly content: Html
}

/** What every page shows of its reader. */
export interface Visitor {
  readonly name: string | undefined
  readonly cartCount: number
  /** The hidden field for their forms. */
  readonly token?: Html | undefined
}

export const layout = (
  { title, content }: Page,
  path: string,
  visitor: Visitor,
  messages: readonly FlashMessage[],
): Html => html`<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="color-scheme" content="light dark">
  <title>${title} · Wayside</title>
  <link rel="icon" href="/icon.svg" type="image/svg+xml">
  <link rel="stylesheet" href="/style.css">
</head>
<body>
  <a class="skip" href="#main">Skip to the content</a>
  <header class="header">
    <a class="brand" href="/">${LOGO} Wayside</a>
    <nav class="nav" aria-label="Shop">
      ${navLink("/", "Products", path)}
      ${navLink("/cart", cartLabel(visitor.cartCount), path)}
      ${navLink("/visits", "Visits", path)}
      ${visitor.name !== undefined && navLink("/devices", "Devices", path)}
    </nav>
    ${visitor.name === undefined ? navLink("/login", "Log in", path) : account(visitor.name, visitor.token)}
  </header>
  <main id="main" class="main" tabindex="-1">
    <div role="status" class="messages">${messages.map(messageLine)}</div>
    <h1>${title}</h1>
    ${content}
  </main>
  <footer class="footer"><p>A demonstration of sojourn: there is nothing to buy here.</p></footer>
</body>
</html>
`

const LOGO = html`<svg class="logo" viewBox="0 0 24 24" aria-hidden="true"><path d="M3 20 12 4l9 16zM12 11l-4 9M12 11l4 9"/></svg>`

const navLink = (href: string, label: Html | string, path: string): Html =>
  html`<a href="${href}"${path === href && html` aria-current="page"`}>${label}</a>`

const cartLabel = (count: number): Html =>
  html`Cart${count > 0 && html` <span class="count">${count}<span class="unseen"> ${count === 1 ? "item" : "items"}</span></span>`}`

const account = (name: string, token: Html | undefined): Html => html`<div class="account">
      <span class="name">${name}</span>${token && logoutForm(token)}
    </div>`

const logoutForm = (token: Html): Html => html`
      <form method="post" action="/logout">${token}<button class="quiet">Log out</button></form>`

const messageLine = ({ message, kind }: FlashMessage): Html => html`<p class="message ${kind}">${message}</p>`
