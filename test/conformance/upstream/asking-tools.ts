/**
 * Tools that ask the client for something before they answer: a form, a sampled message, its roots. Each is written once;
 * the SDK asks by requests in the 2025 era and by `input_required` results in that of 2026.
 */
import { CLIENT_CAPABILITIES_META_KEY, inputRequired, inputResponse } from '@modelcontextprotocol/server';
import type {
  CallToolResult,
  ClientCapabilities,
  InputRequest,
  InputRequiredResult,
  McpServer,
  RequestStateCodec,
  ServerContext,
} from '@modelcontextprotocol/server';
import { z } from 'zod';

type Asked = CallToolResult | InputRequiredResult;
/** What a server remembers of a call between its rounds: how far it is. */
export interface Round {
  readonly round: number;
}

type Schema = Parameters<typeof inputRequired.elicit>[0]['requestedSchema'];

/** A form, as the SDK's types want it; some of the suite's enumerations are newer than they. */
export const form = (message: string, properties: object, required: readonly string[] = []): InputRequest =>
  inputRequired.elicit({
    message,
    requestedSchema: { type: 'object', properties, required: [...required] } as unknown as Schema,
  });
const oneField = (message: string, field: string, type = 'string'): InputRequest =>
  form(message, { [field]: { type } }, [field]);
const sample = (said: string, maxTokens: number): InputRequest =>
  inputRequired.createMessage({
    messages: [{ role: 'user', content: { type: 'text', text: said } }],
    maxTokens,
  });
const text = (said: string): CallToolResult => ({ content: [{ type: 'text', text: said }] });

/** What came back under a key, as one line; undefined when it has to be asked for (again). */
function told(ctx: ServerContext, key: string): string | undefined {
  const view = inputResponse(ctx.mcpReq.inputResponses, key);
  if (view.kind === 'elicit') return `action=${view.action}, content=${JSON.stringify(view.content ?? {})}`;
  if (view.kind === 'roots') return view.roots.map(({ uri }) => uri).join(', ');
  if (view.kind === 'missing') return undefined;
  const { content } = view.result;
  return JSON.stringify('text' in content ? content.text : content);
}

/** Registers them. */
export function addAskingTools(server: McpServer, state: RequestStateCodec<Round>): void {
  const add = (
    name: string,
    description: string,
    run: (ctx: ServerContext) => Asked | Promise<Asked>,
  ): void =>
    void server.registerTool(name, { description, inputSchema: z.object({}) }, (_args, ctx) => run(ctx));
  const askOnce = (
    name: string,
    key: string,
    request: InputRequest,
    answer: (said: string) => string,
  ): void =>
    add(name, `Asks for ${key}`, (ctx) => {
      const said = told(ctx, key);
      return said === undefined ? inputRequired({ inputRequests: { [key]: request } }) : text(answer(said));
    });

  addForms(server, askOnce);
  const who = oneField('What is your name?', 'name');
  askOnce('test_input_required_result_elicitation', 'user_name', who, (said) => `Hello, ${said}!`);
  askOnce(
    'test_input_required_result_sampling',
    'capital_question',
    sample('What is the capital of France?', 100),
    (said) => `The model says ${said}`,
  );
  askOnce(
    'test_input_required_result_list_roots',
    'client_roots',
    inputRequired.listRoots(),
    (said) => `The roots are ${said}`,
  );
  askOnce('test_streaming_elicitation', 'answer', oneField('Anything?', 'answer'), (said) => said);
  askOnce('test_missing_capability', 'sampled', sample('Say anything', 10), (said) => said);
  add('test_input_required_result_capabilities', 'Asks only for what the client can do', (ctx) => {
    const envelope = ctx.mcpReq.envelope as Record<string, ClientCapabilities> | undefined;
    const can = envelope?.[CLIENT_CAPABILITIES_META_KEY] ?? {};
    const inputRequests = {
      ...(can.sampling === undefined ? {} : { sampled: sample('Say anything', 10) }),
      ...(can.elicitation === undefined ? {} : { form: oneField('Anything?', 'answer') }),
    };
    return ctx.mcpReq.inputResponses !== undefined || Object.keys(inputRequests).length === 0
      ? text('There is nothing to ask for.')
      : inputRequired({ inputRequests });
  });
  addStatefulTools(add, state);
}

type Add = (name: string, description: string, run: (ctx: ServerContext) => Asked | Promise<Asked>) => void;

/** Those whose rounds are held together by a state that only this server can have made. */
function addStatefulTools(add: Add, state: RequestStateCodec<Round>): void {
  const askWithState = async (round: number, inputRequests: Record<string, InputRequest>) =>
    inputRequired({ inputRequests, requestState: await state.mint({ round }) });
  const roundOf = (ctx: ServerContext): number => ctx.mcpReq.requestState<Round>()?.round ?? 0;

  for (const name of [
    'test_input_required_result_request_state',
    'test_input_required_result_tampered_state',
  ]) {
    const confirm = oneField('Please confirm', 'ok', 'boolean');
    add(name, 'Asks with a state', (ctx) =>
      roundOf(ctx) === 1 && told(ctx, 'confirm') !== undefined
        ? text('state-ok')
        : askWithState(1, { confirm }),
    );
  }
  add('test_input_required_result_multiple_inputs', 'Asks for three things at once', (ctx) => {
    const keys = ['user_name', 'greeting', 'client_roots'];
    if (roundOf(ctx) === 1 && keys.every((key) => told(ctx, key) !== undefined)) {
      return text(keys.map((key) => told(ctx, key)).join('; '));
    }
    return askWithState(1, {
      user_name: oneField('What is your name?', 'name'),
      greeting: sample('Generate a greeting', 50),
      client_roots: inputRequired.listRoots(),
    });
  });
  add('test_input_required_result_multi_round', 'Asks twice', (ctx) => {
    const round = roundOf(ctx);
    if (round === 2 && told(ctx, 'step2') !== undefined) return text(`It is done: ${told(ctx, 'step2')}`);
    return round === 1 && told(ctx, 'step1') !== undefined
      ? askWithState(2, { step2: oneField('Step 2: What is your favorite color?', 'color') })
      : askWithState(1, { step1: oneField('Step 1: What is your name?', 'name') });
  });
}

type AskOnce = (name: string, key: string, request: InputRequest, answer: (said: string) => string) => void;

const pairs = (prefix: string, titles: readonly string[]) =>
  titles.map((title, index) => ({ const: `${prefix}${index + 1}`, title }));
const options = ['option1', 'option2', 'option3'];

/** The forms of the 2025 era's scenarios. */
function addForms(server: McpServer, askOnce: AskOnce): void {
  const completed = (said: string): string => `Elicitation completed: ${said}`;
  const defaults = {
    name: { type: 'string', default: 'John Doe' },
    age: { type: 'integer', default: 30 },
    score: { type: 'number', default: 95.5 },
    status: { type: 'string', enum: ['active', 'inactive', 'pending'], default: 'active' },
    verified: { type: 'boolean', default: true },
  };
  askOnce('test_elicitation_sep1034_defaults', 'form', form('Please review', defaults), completed);
  const choices = {
    untitledSingle: { type: 'string', enum: options },
    titledSingle: {
      type: 'string',
      oneOf: pairs('value', ['First Option', 'Second Option', 'Third Option']),
    },
    legacyEnum: {
      type: 'string',
      enum: ['opt1', 'opt2', 'opt3'],
      enumNames: ['Option One', 'Option Two', 'Option Three'],
    },
    untitledMulti: { type: 'array', items: { type: 'string', enum: options } },
    titledMulti: {
      type: 'array',
      items: { anyOf: pairs('value', ['First Choice', 'Second Choice', 'Third Choice']) },
    },
  };
  askOnce('test_elicitation_sep1330_enums', 'form', form('Please choose', choices), completed);
  server.registerTool(
    'test_elicitation',
    { description: 'Asks the user', inputSchema: z.object({ message: z.string() }) },
    ({ message }, ctx): Asked => {
      const said = told(ctx, 'user');
      if (said !== undefined) return text(`User response: ${said}`);
      const properties = {
        username: { type: 'string', description: "User's response" },
        email: { type: 'string', description: "User's email address" },
      };
      return inputRequired({ inputRequests: { user: form(message, properties, ['username', 'email']) } });
    },
  );
  server.registerTool(
    'test_sampling',
    { description: "Asks the client's model", inputSchema: z.object({ prompt: z.string() }) },
    ({ prompt }, ctx): Asked => {
      const said = told(ctx, 'sampled');
      return said === undefined
        ? inputRequired({ inputRequests: { sampled: sample(prompt, 100) } })
        : text(`LLM response: ${said}`);
    },
  );
}
