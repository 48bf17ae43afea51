/** Each format's own fixture is read exactly as a person would read it: tasks, outcomes, servers, answers, errors. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { ImportedEpisode } from '../../../machines/words/episodes.ts';
import { detect, importers } from '../../../src/importers/importers.ts';
import { importBytes } from '../../contracts/importer.contract.ts';

const fixtures = new URL('../../fixtures/importers/', import.meta.url);

async function read(name: string, text?: string) {
  const importer = importers.find((each) => each.name === name);
  if (importer === undefined) throw new Error(`no importer is called ${name}`);
  const bytes = text ?? readFileSync(new URL(`${name}.jsonl`, fixtures), 'utf8');
  return importBytes(importer, new TextEncoder().encode(bytes));
}

/** One line an episode, one line a call: what a person would note down. */
function toNotes(episodes: readonly ImportedEpisode[]): string[] {
  return episodes.flatMap(({ key, task, outcome, calls }) => [
    `${key}: ${task} = ${outcome}`,
    ...calls.map(({ server, tool, args, result, error }) => {
      const name = server === undefined ? tool : `${server}/${tool}`;
      return `  ${error ? '!' : ' '} ${name} ${JSON.stringify(args)} > ${JSON.stringify(result) ?? '?'}`;
    }),
  ]);
}

describe('Codex rollouts', () => {
  it('tell of prompts said twice, servers, exit codes and interrupts', async () => {
    const { episodes, bad } = await read('codex');
    expect(bad).toEqual([]);
    expect(toNotes(episodes)).toEqual([
      'call_aaaaaaaaaaaaaaaaaaaaaa01: refund order A-17 = unknown',
      '    shop/find_order {"order":"A-17"} > {"payment":"pay_9"}',
      '  ! shell_command {"command":"cat policy.md","workdir":"/home/ada/shop"} > "cat: policy.md: No such file\\n"',
      '  ! shop/refund {"payment":"pay_9"} > "server is away"',
      'call_aaaaaaaaaaaaaaaaaaaaaa04: write it down = failure',
      '    apply_patch {"input":"*** Begin Patch\\n*** Add File: note.md\\n+away\\n*** End Patch"} > "Success. Updated the following files:\\nA note.md\\n"',
      '  ! local_shell {"type":"exec","command":["git","add","note.md"]} > ?',
    ]);
    expect(episodes[0]?.startedAt).toBe('2026-03-02T10:00:02.000Z');
  });

  it('of the first months hold bare items', async () => {
    const lines = [
      { id: 'old-1', timestamp: '2025-06-01T10:00:00.000Z', instructions: null },
      { record_type: 'state' },
      { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'list the files' }] },
      { type: 'function_call', name: 'shell', arguments: '{"command":["ls"]}', call_id: 'c1' },
      { type: 'function_call_output', call_id: 'c1', output: '{"output":"a","metadata":{"exit_code":2}}' },
    ].map((line) => JSON.stringify(line));
    expect(detect(lines)?.name).toBe('codex');
    const { episodes } = await read('codex', lines.join('\n'));
    expect(toNotes(episodes)).toEqual([
      'old-1#1: list the files = unknown',
      '  ! shell {"command":["ls"]} > "a"',
    ]);
  });

  it('have the same keys in a fork, which repeats them under another session', async () => {
    const text = readFileSync(new URL('codex.jsonl', fixtures), 'utf8');
    const fork = JSON.stringify({ type: 'session_meta', payload: { id: 'another', forked_from_id: 'x' } });
    const keys = async (of: string) => (await read('codex', of)).episodes.map((episode) => episode.key);
    expect(await keys(`${fork}\n${text}`)).toEqual(await keys(text));
  });
});

describe('logs of model APIs', () => {
  it('of OpenAI chat: conversations, requests with responses, and bare messages', async () => {
    expect(toNotes((await read('openai-chat')).episodes)).toEqual([
      'call_bbbbbbbbbbbbbbbbbbbbbb01: refund order A-17 = unknown',
      '    find_order {"order":"A-17"} > {"payment":"pay_9"}',
      '    policy {} > "Refunds within 30 days."',
      'call_bbbbbbbbbbbbbbbbbbbbbb03: and order B-4 = unknown',
      '    find_order {"order":"B-4"} > "none"',
      // The call at the end was logged before its tool had answered: it is no evidence.
      'chat-2#1: count the orders = unknown',
      '    count {} > 128',
      'a-file#2#1: close order C-1 = unknown',
      '    shop/close {"order":"C-1"} > "closed"',
    ]);
  });

  it('of OpenAI Responses: chains, hosted tools, MCP calls, and bare items', async () => {
    expect(toNotes((await read('openai-responses')).episodes)).toEqual([
      'call_cccccccccccccccccccccc01: refund order A-17 = unknown',
      '    find_order {"order":"A-17"} > {"payment":"pay_9"}',
      '    shop/refund {"payment":"pay_9"} > "done"',
      'ws_cccccccccccccccccccccc03: search the weather = unknown',
      '    web_search {"type":"search","query":"weather"} > ?',
      '  ! notes/write {} > "full"',
      'a-file#2#1: count the orders = unknown',
      '    count {} > 128',
    ]);
  });

  it("of Anthropic: tools, MCP blocks, Anthropic's own tools, and bare messages", async () => {
    expect(toNotes((await read('anthropic')).episodes)).toEqual([
      'toolu_dddddddddddddddddddd01: refund order A-17 = unknown',
      '    find_order {"order":"A-17"} > {"payment":"pay_9"}',
      '  ! shop/refund {"payment":"pay_9"} > "too late"',
      'srvtoolu_dddddddddddddddddddd03: search the weather = unknown',
      '  ! web_search {"query":"weather"} > {"type":"web_search_tool_result_error","error_code":"max_uses_exceeded"}',
      'a-file#2#1: count the orders = unknown',
      '    shop/count {} > 128',
    ]);
  });

  it('are the same as one list and as lines', async () => {
    for (const name of ['openai-chat', 'anthropic', 'langfuse', 'langsmith']) {
      const text = readFileSync(new URL(`${name}.jsonl`, fixtures), 'utf8').trim();
      const values = text.split('\n').map((line): unknown => JSON.parse(line));
      const asLines = await read(name, text);
      expect(await read(name, JSON.stringify(values))).toEqual(asLines);
      expect(await read(name, JSON.stringify(values, null, 2))).toEqual(asLines);
    }
  });
});

describe('traces', () => {
  it('of OpenTelemetry, OpenInference and the Vercel AI SDK', async () => {
    const { episodes, bad } = await read('otel');
    expect(bad).toEqual([]);
    expect(toNotes(episodes)).toEqual([
      // Children came before the parent; the MCP span inside the tool's is the same call.
      'a1000000000000000000000000000001: refund order A-17 = success',
      '    find_order {"order":"A-17"} > {"payment":"pay_9"}',
      '    refund {"payment":"pay_9"} > "done"',
      'a2000000000000000000000000000002: refund order B-4 = failure',
      '  ! find_order {"order":"B-4"} > "none"',
      'a3000000000000000000000000000003: count the orders = unknown',
      '    count {} > 128',
      'conversation conv-4: is it there? = unknown',
      '    ping {} > ?',
    ]);
    expect(episodes[0]).toMatchObject({
      agent: 'clerk',
      source: 'otel',
      startedAt: '2026-03-02T10:00:01.000Z',
    });
    expect(episodes[0]?.calls.map((call) => call.id)).toEqual(['b100000000000002', 'b100000000000003']);
  });

  it('of OTLP in one printed document are the same', async () => {
    const text = readFileSync(new URL('otel.jsonl', fixtures), 'utf8').trim();
    const batches = text.split('\n').map((line) => JSON.parse(line) as { resourceSpans: unknown[] });
    const whole = JSON.stringify({ resourceSpans: batches.flatMap((batch) => batch.resourceSpans) }, null, 2);
    expect(await read('otel', whole)).toEqual(await read('otel'));
  });

  it('of LangSmith, trees included', async () => {
    expect(toNotes((await read('langsmith')).episodes)).toEqual([
      '11111111-aaaa-4000-8000-000000000001: refund order A-17 = failure',
      '    find_order {"order":"A-17"} > {"payment":"pay_9"}',
      `  ! refund {"payment":"pay_9"} > "ValueError('late')"`,
      '22222222-aaaa-4000-8000-000000000001: count the orders = unknown',
      '    count {"day":"monday","shop":2} > 128',
    ]);
  });

  it('of Langfuse, as a download and as tables', async () => {
    expect(toNotes((await read('langfuse')).episodes)).toEqual([
      'trace-1: refund order A-17 = success',
      '    shop/find_order {"order":"A-17"} > {"payment":"pay_9"}',
      '    refund {"payment":"pay_9"} > "done"',
      'trace-2: count the orders = failure',
      '  ! count {} > "timeout"',
    ]);
  });

  it.each([
    ['task_success', 'pass', 0, 'success'],
    ['Task Completion', undefined, 0.49, 'failure'],
    ['correctness', 'incorrect', 1, 'failure'],
    ['goal', undefined, true, 'success'],
    // A scale nobody told, and evaluations of something else.
    ['correctness', undefined, 4, 'unknown'],
    ['Relevance', 'pass', 1, 'unknown'],
    ['toxicity', undefined, 0, 'unknown'],
  ])('are judged by %s, label %s, score %s: %s', async (name, label, score, outcome) => {
    const attribute = (key: string, value: unknown) =>
      value === undefined
        ? []
        : [
            {
              key: `gen_ai.evaluation.${key}`,
              value:
                typeof value === 'string'
                  ? { stringValue: value }
                  : typeof value === 'boolean'
                    ? { boolValue: value }
                    : { doubleValue: value },
            },
          ];
    const attributes = [
      ...attribute('name', name),
      ...attribute('score.label', label),
      ...attribute('score.value', score),
    ];
    const span = {
      traceId: 'ab',
      spanId: 'cd',
      name: 'execute_tool t',
      attributes: [{ key: 'gen_ai.operation.name', value: { stringValue: 'execute_tool' } }],
      events: [{ name: 'gen_ai.evaluation.result', attributes }],
    };
    const { episodes } = await read(
      'otel',
      JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] }),
    );
    expect(episodes.map((episode) => episode.outcome)).toEqual([outcome]);
  });
});
