/** What is said about access tokens: settings, claims, and what was found out. Nothing is done here. */

/** Clocks of others may be this wrong. */
export const skewSeconds = 30;

/** What a node is told about its authorization server. */
export interface TokenSettings {
  readonly issuer: string;
  /** Every audience that a token may name; the first is our canonical address. */
  readonly audience: readonly string[];
  readonly jwksUri?: string | undefined;
  readonly algorithms: readonly string[];
}

/** What of a valid token counts. */
export interface Claims {
  readonly subject: string;
  readonly scopes: readonly string[];
  readonly expiresAtMs: number;
  readonly others: Readonly<Record<string, unknown>>;
}

export type Verified =
  | { readonly state: 'valid'; readonly claims: Claims }
  | { readonly state: 'invalid'; readonly why: string }
  /** The issuer's keys cannot be had now. */
  | { readonly state: 'away' };
