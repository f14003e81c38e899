import { PRODUCTS, type Product } from "./products.ts"

/** How many of each product, by its id. */
export type Cart = Readonly<Record<string, number>>

export const MAX_QUANTITY = 99

export interface CartLine {
  readonly product: Product
  readonly quantity: number
}

export const withQuantity = (cart: Cart, id: string, quantity: number): Cart => {
  const { [id]: _, ...others } = cart
  return quantity > 0 ? { ...cart, [id]: Math.min(quantity, MAX_QUANTITY) } : others
}

export const withOneMore = (cart: Cart, id: string): Cart => withQuantity(cart, id, (cart[id] ?? 0) + 1)

export const linesOf = (cart: Cart): CartLine[] =>
  PRODUCTS.map(product => ({ product, quantity: cart[product.id] ?? 0 })).filter(line => line.quantity > 0)

export const countOf = (cart: Cart): number =>
  linesOf(cart).reduce((count, { quantity }) => count + quantity, 0)

export const totalOf = (lines: readonly CartLine[]): number =>
  lines.reduce((cents, { product, quantity }) => cents + product.cents * quantity, 0)
