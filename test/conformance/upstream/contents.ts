/** Resources, templates and prompts of the suite's scenarios, with their completions. */
import { completable, inputRequired, inputResponse, ResourceTemplate } from '@modelcontextprotocol/server';
import type { McpServer, PromptMessage } from '@modelcontextprotocol/server';
import { z } from 'zod';
import { form } from './asking-tools.ts';
import { pixelPng } from './media.ts';

const user = (content: PromptMessage['content']): PromptMessage => ({ role: 'user', content });
const saying = (text: string): PromptMessage => user({ type: 'text', text });

/** Registers the resources, and takes subscriptions to them. */
export function addResources(server: McpServer): void {
  const described = (mimeType: string, description: string) => ({ mimeType, description });
  const textOf = (uri: string, mimeType: string, text: string) => ({ contents: [{ uri, mimeType, text }] });
  server.registerResource(
    'static-text',
    'test://static-text',
    described('text/plain', 'A text that never changes'),
    ({ href }) => textOf(href, 'text/plain', 'This is the content of the static text resource.'),
  );
  server.registerResource(
    'static-binary',
    'test://static-binary',
    described('image/png', 'A picture that never changes'),
    ({ href }) => ({ contents: [{ uri: href, mimeType: 'image/png', blob: pixelPng }] }),
  );
  server.registerResource(
    'watched-resource',
    'test://watched-resource',
    described('text/plain', 'A text that may be watched'),
    ({ href }) => textOf(href, 'text/plain', 'Watched resource content'),
  );
  server.registerResource(
    'template',
    new ResourceTemplate('test://template/{id}/data', { list: undefined }),
    described('application/json', 'A resource for every id'),
    ({ href }, { id }) =>
      textOf(
        href,
        'application/json',
        JSON.stringify({ id, templateTest: true, data: `Data for ID: ${String(id)}` }),
      ),
  );
  server.server.setRequestHandler('resources/subscribe', () => ({}));
  server.server.setRequestHandler('resources/unsubscribe', () => ({}));
}

/** Registers the prompts. */
export function addPrompts(server: McpServer): void {
  server.registerPrompt('test_simple_prompt', { description: 'A prompt without arguments' }, () => ({
    messages: [saying('This is a simple prompt for testing.')],
  }));
  const words = ['paris', 'park', 'party'];
  const completed = (about: string) =>
    completable(z.string().describe(about), (begun) => words.filter((word) => word.startsWith(begun)));
  server.registerPrompt(
    'test_prompt_with_arguments',
    {
      description: 'A prompt with two arguments',
      argsSchema: z.object({
        arg1: completed('First test argument'),
        arg2: completed('Second test argument'),
      }),
    },
    ({ arg1, arg2 }) => ({
      messages: [saying(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`)],
    }),
  );
  server.registerPrompt(
    'test_prompt_with_embedded_resource',
    {
      description: 'A prompt with a resource in it',
      argsSchema: z.object({ resourceUri: z.string().describe('URI of the resource to embed') }),
    },
    ({ resourceUri }) => ({
      messages: [
        user({
          type: 'resource',
          resource: {
            uri: resourceUri,
            mimeType: 'text/plain',
            text: 'Embedded resource content for testing.',
          },
        }),
        saying('Please process the embedded resource above.'),
      ],
    }),
  );
  server.registerPrompt('test_prompt_with_image', { description: 'A prompt with a picture in it' }, () => ({
    messages: [
      user({ type: 'image', data: pixelPng, mimeType: 'image/png' }),
      saying('Please analyze the image above.'),
    ],
  }));
  server.registerPrompt(
    'test_input_required_result_prompt',
    { description: 'A prompt that asks before it answers' },
    (ctx) => {
      const view = inputResponse(ctx.mcpReq.inputResponses, 'user_context');
      if (view.kind === 'elicit') return { messages: [saying(JSON.stringify(view.content ?? {}))] };
      const request = form('What context should the prompt use?', { context: { type: 'string' } }, [
        'context',
      ]);
      return inputRequired({ inputRequests: { user_context: request } });
    },
  );
}
