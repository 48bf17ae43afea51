/**
 * The door of the MCP client side: connections to upstream servers, the catalogue's names, and the slicing of JSON that
 * both sides of a call use. It decides nothing about when to connect, retry or give up: that is the actors' work.
 */
export { authorizeUpstream } from './authorize.ts';
export type { Groups } from './child.ts';
export { isChallengeName } from './challenges.ts';
export { toGrantName } from './grants.ts';
export type { Vault } from './grants.ts';
export { buildCatalogue, isMatch, isPrefixedBy, isToolAllowed } from './catalogue.ts';
export type {
  Catalogue,
  CatalogueEntry,
  CatalogueOptions,
  CatalogueProblem,
  CatalogueTool,
  PrefixMode,
  ToolDefinition,
} from './catalogue.ts';
export {
  BreakerSettings,
  parseUpstreamConfig,
  resolveConfig as resolveUpstreamConfig,
  UpstreamConfig,
} from './config.ts';
export type { RequestOptions, UpstreamCall } from './asked.ts';
export { listOffers } from './lists.ts';
export type { Offered, OfferKind } from './lists.ts';
export { namePrompts, nameUris, unqualifyUri } from './offers.ts';
export type { ListedOffer, OfferEntry } from './offers.ts';
export { findMirrors } from './mirror.ts';
export type { Mirror } from './mirror.ts';
export { diffDefinitions } from './definition-diff.ts';
export type { Difference } from './definition-diff.ts';
export { flagHidden, showHidden, toShownDefinition } from './hidden-characters.ts';
export type { HiddenFlag } from './hidden-characters.ts';
export { siftLookalikes } from './lookalikes.ts';
export { openUpstream, sessionRenewed } from './open.ts';
export type { Log } from './log.ts';
export type { OpenOptions, Upstream } from './open.ts';
export { approvePin, isPinnable, judgeTool, reconcilePins, toLastKnown } from './pins.ts';
export type { Definition, Pin, PinFact, PinStatus, TrustMode, Verdict } from './pins.ts';
export { indexTools } from './tool-search.ts';
export type { FoundTool, ToolIndex } from './tool-search.ts';
export { assertJson, listMembers, sliceElements, sliceMembers } from './slice.ts';
export type { RawMember } from './slice.ts';
export { parseUriTemplate } from './uri-template.ts';
export type { UriPattern } from './uri-template.ts';
