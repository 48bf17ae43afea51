/**
 * The SDK's server as we use it: it answers everything but `tools/call`. Listing reads the shared catalogue, so that a
 * server costs nothing per tool.
 */
import { Server } from '@modelcontextprotocol/server';
import type { ServerCapabilities, Tool } from '@modelcontextprotocol/server';
import type { GatewayNeeds } from '../needs.ts';
import { ownTools } from '../tools/tools.ts';
import { skillsExtension } from '../sops/sop-skill.ts';
import type { Era } from './call-frames.ts';

const instructions =
  'Drey stands between you and your tools and learns how tasks are done. When you begin a task, call ' +
  'acontext_inject_context with the request: it returns what worked before. When you are done, call task with ' +
  '{"action":"finish","outcome":"success"} (or "failure"), and acontext_record_feedback if you followed a procedure.';

/** Our name and version as clients see them. */
export function toServerInfo(version: string): { name: string; title: string; version: string } {
  return { name: 'drey', title: 'Drey', version };
}

/** A server for one connection, session or request. */
export function createSdkServer(needs: GatewayNeeds, era: Era): Server {
  const server = new Server(toServerInfo(needs.version), {
    capabilities: toCapabilities(needs),
    instructions,
  });
  server.setRequestHandler('tools/list', () => ({ tools: listTools(needs, era) }));
  // oxlint-disable-next-line unicorn/prefer-add-event-listener -- the SDK's server has no events
  server.onerror = (error) => needs.log.debug({ err: error }, 'the MCP server reported an error');
  return server;
}

/** Lists whose changes clients are told of. */
export type ChangingList = 'tools' | 'prompts' | 'resources';

/** Has a server tell its client that a list changed. */
export function sendListChanged(server: Server, list: ChangingList): Promise<void> {
  if (list === 'tools') return server.sendToolListChanged();
  return list === 'prompts' ? server.sendPromptListChanged() : server.sendResourceListChanged();
}

/** The sum of what is there; prompts and resources may come at any time, so they are always announced. */
function toCapabilities({ offers }: GatewayNeeds): ServerCapabilities {
  const { subscribe, logging, completions } = offers.abilities();
  return {
    tools: { listChanged: true },
    prompts: { listChanged: true },
    resources: { listChanged: true, ...(subscribe ? { subscribe } : {}) },
    ...(logging ? { logging: {} } : {}),
    extensions: { [skillsExtension]: {} },
    ...(completions ? { completions: {} } : {}),
  };
}

/** Own tools and the catalogue's, in that order; an upstream's tool never hides one of ours. */
function listTools(needs: GatewayNeeds, era: Era): Tool[] {
  const own = [...ownTools.values()].map((tool) => tool.definition);
  const theirs = needs
    .catalogue()
    .tools.filter((tool) => !ownTools.has(tool.name))
    .map((tool) => (era === 'legacy' ? toLegacyDefinition(tool.definition) : tool.definition));
  // The definitions are the upstreams' own JSON, checked when the catalogue took them in.
  return [...own, ...theirs] as Tool[];
}

/**
 * Older revisions know only objects as structured results. The SDK would announce any other schema wrapped into an
 * object, but the result is forwarded as it is; so it is not announced at all.
 */
function toLegacyDefinition(definition: object): object {
  if (!('outputSchema' in definition)) return definition;
  const { outputSchema, ...rest } = definition;
  const isObject =
    typeof outputSchema === 'object' &&
    outputSchema !== null &&
    'type' in outputSchema &&
    outputSchema.type === 'object';
  return isObject ? definition : rest;
}
