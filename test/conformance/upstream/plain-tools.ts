/** Tools that the suite's scenarios call and that answer by themselves: content of every kind, logs, progress, errors. */
import { setTimeout as delay } from 'node:timers/promises';
import { fromJsonSchema } from '@modelcontextprotocol/server';
import type { CallToolResult, McpServer, ServerContext } from '@modelcontextprotocol/server';
import { z } from 'zod';
import { pixelPng, silenceWav } from './media.ts';

/** Long enough for two messages to be told apart, as the scenarios ask for. */
const pauseMs = 50;

/** What a tool does to the server it belongs to. */
export interface Changes {
  toolsChanged(): void;
  promptsChanged(): void;
}

const text = (said: string): CallToolResult => ({ content: [{ type: 'text', text: said }] });

/** Registers them. */
export function addPlainTools(server: McpServer, changes: Changes): void {
  const add = (
    name: string,
    description: string,
    run: (ctx: ServerContext) => CallToolResult | Promise<CallToolResult>,
  ): void =>
    void server.registerTool(name, { description, inputSchema: z.object({}) }, (_args, ctx) => run(ctx));

  add('test_simple_text', 'Answers with text', () => text('This is a simple text response for testing.'));
  add('test_image_content', 'Answers with a picture', () => ({
    content: [{ type: 'image', data: pixelPng, mimeType: 'image/png' }],
  }));
  add('test_audio_content', 'Answers with a sound', () => ({
    content: [{ type: 'audio', data: silenceWav, mimeType: 'audio/wav' }],
  }));
  add('test_embedded_resource', 'Answers with a resource', () => ({
    content: [
      {
        type: 'resource',
        resource: {
          uri: 'test://embedded-resource',
          mimeType: 'text/plain',
          text: 'This is an embedded resource content.',
        },
      },
    ],
  }));
  add('test_multiple_content_types', 'Answers with text, picture and resource', () => ({
    content: [
      { type: 'text', text: 'Multiple content types test:' },
      { type: 'image', data: pixelPng, mimeType: 'image/png' },
      {
        type: 'resource',
        resource: {
          uri: 'test://mixed-content-resource',
          mimeType: 'application/json',
          text: '{"test":"data","value":123}',
        },
      },
    ],
  }));
  add('test_error_handling', 'Always fails', () => {
    throw new Error('This tool intentionally returns an error for testing');
  });
  add('test_logging_tool', 'Logs one message', async (ctx) => {
    await ctx.mcpReq.log('info', 'said by test_logging_tool');
    return text('It logged one message, to those who asked for it.');
  });
  add('test_tool_with_logging', 'Logs three messages', async (ctx) => {
    await ctx.mcpReq.log('info', 'Tool execution started');
    await delay(pauseMs);
    await ctx.mcpReq.log('info', 'Tool processing data');
    await delay(pauseMs);
    await ctx.mcpReq.log('info', 'Tool execution completed');
    return text('It logged three messages.');
  });
  add('test_tool_with_progress', 'Tells its progress three times', async (ctx) => {
    for (const progress of [0, 50, 100]) {
      await tellProgress(ctx, progress);
      if (progress < 100) await delay(pauseMs);
    }
    return text('It is done.');
  });
  add('test_reconnection', 'Ends its stream before it answers', async (ctx) => {
    ctx.http?.closeSSE?.();
    await delay(2 * pauseMs);
    return text('It answered after its stream had been ended.');
  });
  add('test_trigger_tool_change', 'Says that the tools changed', () => {
    changes.toolsChanged();
    return text('The tools changed.');
  });
  add('test_trigger_prompt_change', 'Says that the prompts changed', () => {
    changes.promptsChanged();
    return text('The prompts changed.');
  });
  addSchemaTools(server);
}

async function tellProgress(ctx: ServerContext, progress: number): Promise<void> {
  const progressToken = ctx.mcpReq._meta?.progressToken;
  if (progressToken === undefined) return;
  await ctx.mcpReq.notify({
    method: 'notifications/progress',
    params: { progressToken, progress, total: 100 },
  });
}

/** A schema with what JSON Schema 2020-12 has over older dialects; it must reach clients as it is. */
const newSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  type: 'object',
  $defs: {
    address: {
      $anchor: 'addressDef',
      type: 'object',
      properties: { street: { type: 'string' }, city: { type: 'string' } },
    },
  },
  properties: {
    name: { type: 'string' },
    address: { $ref: '#/$defs/address' },
    contactMethod: { type: 'string', enum: ['phone', 'email'] },
    phone: { type: 'string' },
    email: { type: 'string' },
  },
  allOf: [{ anyOf: [{ required: ['phone'] }, { required: ['email'] }] }],
  if: { properties: { contactMethod: { const: 'phone' } }, required: ['contactMethod'] },
  // oxlint-disable-next-line unicorn/no-thenable -- the word is JSON Schema's
  then: { required: ['phone'] },
  else: { required: ['email'] },
  additionalProperties: false,
};

/** A parameter that modern clients repeat in a header. */
const mirroredSchema = {
  type: 'object',
  properties: { region: { type: 'string', description: 'Where', 'x-mcp-header': 'Region' } },
  required: ['region'],
};

function addSchemaTools(server: McpServer): void {
  const described = (name: string, description: string, schema: object): void =>
    void server.registerTool(
      name,
      { description, inputSchema: fromJsonSchema(schema as Parameters<typeof fromJsonSchema>[0]) },
      (args) => text(JSON.stringify(args)),
    );
  described('json_schema_2020_12_tool', 'Tool with JSON Schema 2020-12 features', newSchema);
  described('test_mirrored_header', 'Has a parameter that is repeated in a header', mirroredSchema);
}
