import { type Html, html } from "../html.ts"
import type { Page } from "./layout.ts"

/** Asks for the password once more before something that matters. */
export const confirmPage = (userId: string, returnTo: string, token: Html): Page => ({
  title: "Is it still you?",
  content: html`<p class="lead">What comes next is well guarded, and your login is a while ago.</p>
    <div class="columns">
      <form class="panel fields" method="post" action="/confirm">
        ${token}
        <input type="hidden" name="returnTo" value="${returnTo}">
        <label>User name
          <input name="user" value="${userId}" autocomplete="username" readonly>
        </label>
        <label>Password
          <input name="password" type="password" autocomplete="current-password" required>
        </label>
        <button>Continue</button>
      </form>
    </div>`,
})
