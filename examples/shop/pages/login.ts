import { type Html, html } from "../html.ts"
import { DEMO_USERS } from "../users.ts"
import type { Page } from "./layout.ts"

export const loginPage = (returnTo: string, token: Html): Page => ({
  title: "Log in",
  content: html`<div class="columns">
      <form class="panel fields" method="post" action="/login">
        ${token}
        <input type="hidden" name="returnTo" value="${returnTo}">
        <label>User name
          <input name="user" autocomplete="username" autocapitalize="none" spellcheck="false" required>
        </label>
        <label>Password
          <input name="password" type="password" autocomplete="current-password" required>
        </label>
        <label class="choice"><input type="checkbox" name="remember" value="yes"> Keep me signed in on this device</label>
        <button>Log in</button>
      </form>
      <section class="aside" aria-labelledby="demo-users">
        <h2 id="demo-users">Who may log in</h2>
        <p>This is a demonstration, so here are its users:</p>
        <dl class="users">
          ${DEMO_USERS.map(
            ({ id, password }) => html`<dt><code>${id}</code></dt>
          <dd>with password <code>${password}</code></dd>
          `,
          )}
        </dl>
      </section>
    </div>`,
})
