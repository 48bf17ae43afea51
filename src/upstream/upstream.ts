/**
 * The door of the MCP client side: connections to upstream servers, the catalogue's names, and the slicing of JSON that
 * both sides of a call use. It decides nothing about when to connect, retry or give up: that is the actors' work.
 */
export { authorizeUpstream } from './authorize.ts';
export { toGrantName } from './grants.ts';
export type { Vault } from './grants.ts';
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
export { BreakerSettings, parseUpstreamConfig, UpstreamConfig } from './config.ts';
export type { RequestOptions, UpstreamCall } from './connection.ts';
export { openUpstream } from './open.ts';
export type { Log, OpenOptions, Upstream } from './open.ts';
export { assertJson, listMembers, sliceElements, sliceMembers } from './slice.ts';
export type { RawMember } from './slice.ts';
