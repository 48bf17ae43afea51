/**
 * The door of the MCP client side: connections to upstream servers, the catalogue's names, and the slicing of JSON that
 * both sides of a call use. It decides nothing about when to connect, retry or give up: that is the actors' work.
 */
export { buildCatalogue, isToolAllowed } from './catalogue.ts';
export type {
  Catalogue,
  CatalogueEntry,
  CatalogueOptions,
  CatalogueProblem,
  CatalogueTool,
  PrefixMode,
  ToolDefinition,
} from './catalogue.ts';
export { parseUpstreamConfig, UpstreamConfig } from './config.ts';
export type { RequestOptions, UpstreamCall } from './asked.ts';
export { listOffers } from './lists.ts';
export type { Offered, OfferKind } from './lists.ts';
export { namePrompts, nameUris, unqualifyUri } from './offers.ts';
export type { ListedOffer, OfferEntry } from './offers.ts';
export { openUpstream, sessionRenewed } from './open.ts';
export type { Log, OpenOptions, Upstream } from './open.ts';
export { assertJson, listMembers, sliceElements, sliceMembers } from './slice.ts';
export type { RawMember } from './slice.ts';
export { parseUriTemplate } from './uri-template.ts';
export type { UriPattern } from './uri-template.ts';
