/** What transcripts call a tool, as server and tool. Nothing is guessed: only the spelling that MCP clients agree on is taken apart. */
import { nameCharsMax, serverCharsMax, toCleanText } from './values.ts';

export interface ToolName {
  readonly server: string | undefined;
  readonly tool: string;
}

/** `mcp__server__tool` is a server's tool; any other name is one of the client's own. */
export function toToolName(name: string): ToolName {
  const parts = /^mcp__(.+?)__(.+)$/s.exec(name);
  const [, server = '', tool = ''] = parts ?? [];
  if (parts === null || server.length > serverCharsMax) {
    return { server: undefined, tool: toCleanText(name, nameCharsMax) };
  }
  return { server: toCleanText(server, serverCharsMax), tool: toCleanText(tool, nameCharsMax) };
}

/** A tool whose server stands beside it; undefined where the tool has no name. */
export function toServedName(server: unknown, tool: unknown): ToolName | undefined {
  if (typeof tool !== 'string' || tool === '') return undefined;
  if (typeof server !== 'string' || server === '' || server.length > serverCharsMax) return toToolName(tool);
  return { server: toCleanText(server, serverCharsMax), tool: toCleanText(tool, nameCharsMax) };
}
