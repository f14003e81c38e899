import type { NextFunction, Request, Response } from "express"

const HEADERS = {
  // The shop is HTML and one style sheet: nothing else may load, run, frame it or receive its forms.
  "Content-Security-Policy":
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Referrer-Policy": "same-origin",
  "X-Content-Type-Options": "nosniff",
}

export function securityHeaders(_request: Request, response: Response, next: NextFunction): void {
  response.set(HEADERS)
  next()
}
