import { type CartLine, MAX_QUANTITY, totalOf } from "../cart.ts"
import { type Html, html } from "../html.ts"
import { price } from "../products.ts"
import type { Page } from "./layout.ts"

export const cartPage = (lines: readonly CartLine[], token: Html | undefined): Page => ({
  title: "Cart",
  content: lines.length === 0 ? EMPTY : filled(lines, token),
})

const EMPTY = html`<p class="lead">Your cart is empty.</p>
    <p><a class="button" href="/">See the products</a></p>`

const filled = (lines: readonly CartLine[], token: Html | undefined): Html =>
  html`<ul class="rows">${lines.map(line => row(line, token))}</ul>
    <p class="total">Total <strong>${price(totalOf(lines))}</strong></p>`

const row = ({ product, quantity }: CartLine, token: Html | undefined): Html => html`
      <li class="row">
        <div class="what">
          <h2>${product.name}</h2>
          <p class="detail">${price(product.cents)} each</p>
        </div>
        <form class="inline" method="post" action="/cart/change">
          ${token}
          <input type="hidden" name="product" value="${product.id}">
          <label>Quantity <span class="unseen">of ${product.name}</span>
            <input type="number" name="quantity" value="${quantity}" min="0" max="${MAX_QUANTITY}" required>
          </label>
          <button class="quiet">Change<span class="unseen"> quantity of ${product.name}</span></button>
        </form>
        <form class="inline" method="post" action="/cart/remove">
          ${token}
          <input type="hidden" name="product" value="${product.id}">
          <button class="quiet">Remove<span class="unseen"> ${product.name}</span></button>
        </form>
        <strong class="sum">${price(product.cents * quantity)}</strong>
      </li>`
