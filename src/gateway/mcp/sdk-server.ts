/**
 * The SDK's server as we use it: it answers everything but `tools/call`. Listing reads the shared catalogue, so that a
 * server costs nothing per tool.
 */
import { ProtocolError, Server } from '@modelcontextprotocol/server';
import type { ServerCapabilities, Tool } from '@modelcontextprotocol/server';
import type { GatewayNeeds } from '../needs.ts';
import type { ToolView } from '../tool-view.ts';
import { skillsExtension } from '../sops/sop-skill.ts';
import { isDreyError } from '../../../machines/words/errors.ts';
import type { Era } from './call-frames.ts';
import { toListAnswer } from './list-answer.ts';
import type { ListAnswer } from './list-answer.ts';
import { toThrownRpcError } from './rpc-errors.ts';

/** What a client is told to do with each of our tools, where it has them. */
const advice: readonly (readonly [tool: string, sentence: string])[] = [
  ['find_tools', 'Most tools are not listed: look for them with find_tools and call them with call_tool.'],
  [
    'acontext_inject_context',
    'When you begin a task, call acontext_inject_context with the request: it returns what worked before.',
  ],
  ['task', 'When you are done, call task with {"action":"finish","outcome":"success"} (or "failure").'],
  ['acontext_record_feedback', 'Call acontext_record_feedback if you followed a procedure.'],
];

function toInstructions(view: ToolView): string {
  const sentences = advice.flatMap(([tool, sentence]) => (view.own(tool) === undefined ? [] : [sentence]));
  return ['Drey stands between you and your tools and learns how tasks are done.', ...sentences].join(' ');
}

/** Our name and version as clients see them. */
export function toServerInfo(version: string): { name: string; title: string; version: string } {
  return { name: 'drey', title: 'Drey', version };
}

/** A server for one connection, session or request. */
export function createSdkServer(needs: GatewayNeeds, era: Era, view: ToolView): Server {
  const server = new Server(toServerInfo(needs.version), {
    capabilities: toCapabilities(needs),
    instructions: toInstructions(view),
  });
  // The definitions are the upstreams' own JSON, checked when the catalogue took them in.
  server.setRequestHandler('tools/list', ({ params }) => {
    const { items, rest } = listTools(needs, view, era, params?.cursor);
    return { tools: items as Tool[], ...rest };
  });
  // oxlint-disable-next-line unicorn/prefer-add-event-listener -- the SDK's server has no events
  server.onerror = (error) => needs.log.debug({ err: error }, 'the MCP server reported an error');
  return server;
}

/** What is wrong with a cursor is the client's to know; anything else the SDK calls an internal error. */
function listTools(needs: GatewayNeeds, view: ToolView, era: Era, cursor: unknown): ListAnswer {
  try {
    return toListAnswer(needs, view.list(era), { cursor, stale: view.stale() });
  } catch (error) {
    if (!isDreyError(error)) throw error;
    const { code, message } = toThrownRpcError(error);
    throw new ProtocolError(code, message);
  }
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
