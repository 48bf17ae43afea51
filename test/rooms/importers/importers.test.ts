/** Every importer keeps the contract, and each reads its own fixture exactly as a person would. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { detect, importers } from '../../../src/importers/importers.ts';
import { importBytes, testImporter } from '../../contracts/importer.contract.ts';
import type { ContractOptions } from '../../contracts/importer.contract.ts';

const fixtures = new URL('../../fixtures/importers/', import.meta.url);
const fixture = (name: string): string => readFileSync(new URL(name, fixtures), 'utf8');
const junk = fixture('junk.txt').trim().split('\n');

/** Traces are known by their ids and kept until newer ones need their room. */
const ofTraces: ContractOptions = {
  renumber: (line, round) =>
    line.replaceAll(/(?<=")(a[1-5]0{20})|trace-|(?<=")\d{8}-aaaa/g, (id) => `${id.slice(0, 9)}${round}-`),
  roundsAheadMax: 300,
};
const options = new Map([
  ['otel', ofTraces],
  ['langsmith', ofTraces],
  ['langfuse', ofTraces],
  // Responses wait for those that go on from them.
  ['openai-responses', { roundsAheadMax: 80 }],
]);

for (const importer of importers) {
  describe(`the ${importer.name} importer`, () => {
    testImporter(importer, fixture(`${importer.name}.jsonl`), junk, options.get(importer.name));
  });
}

const read = (name: string, text: string) => {
  const importer = importers.find((each) => each.name === name);
  if (importer === undefined) throw new Error(`no importer is called ${name}`);
  return importBytes(importer, new TextEncoder().encode(text));
};

describe('importing', () => {
  it('has importers of different names', () => {
    expect(new Set(importers.map((importer) => importer.name)).size).toBe(importers.length);
  });

  it('recognises no format in junk', () => {
    expect(detect(junk)).toBeUndefined();
    expect(detect([])).toBeUndefined();
    expect(detect(['{"type":"session_start","timestamp":"2026-01-01T00:00:00Z"}'])).toBeUndefined();
  });
});

describe('episodes, one a line', () => {
  it('keeps tools, agents and outcomes, and parses results that are JSON', async () => {
    const { episodes } = await read('episodes', fixture('episodes.jsonl'));
    expect(episodes).toEqual([
      {
        source: 'shop',
        key: 'e-1',
        task: 'refund order A-17',
        outcome: 'success',
        agent: 'ada [gpt]',
        calls: [
          { tool: 'shop.find_order', args: { order: 'A-17' }, result: { payment: 'pay_9' }, error: false },
          { tool: 'shop.refund', args: { payment: 'pay_9' }, result: 'True', error: false },
        ],
      },
      {
        source: 'shop',
        key: 'e-2',
        task: 'refund order B-4',
        outcome: 'failure',
        agent: 'bob',
        calls: [{ tool: 'shop.refund', args: { payment: 'B-4' }, result: "KeyError: 'B-4'", error: true }],
      },
      { source: 'shop', key: 'e-3', task: 'say hello', outcome: 'unknown', agent: 'bob', calls: [] },
      {
        source: 'a-file',
        key: 'e-4',
        task: 'list orders — größer als 10 €',
        outcome: 'unknown',
        agent: '',
        calls: [
          { tool: 'list_orders', args: { min: 10 }, result: [{ id: 1 }, { id: 2 }], error: false },
          { tool: 'show', args: {}, result: 'no screen', error: true },
        ],
      },
    ]);
  });

  it('names the field that is wrong', async () => {
    const { bad } = await read('episodes', '{"episode_id":"e","steps":[{"tool":7}]}');
    expect(bad).toEqual([
      { line: 1, reason: 'no episode: steps.0.tool: Invalid input: expected string, received number' },
    ]);
  });

  it('keeps numbers that JavaScript cannot write as they were', async () => {
    const step = (result: string) => ({ tool: 't', args: {}, result, error: false });
    const results = ['42', '1.0', '12345678901234567890', '007', 'true', '"x"', '{"a":1', ' [1] '];
    const { episodes } = await read(
      'episodes',
      JSON.stringify({ episode_id: 'e', steps: results.map(step) }),
    );
    expect(episodes[0]?.calls.map((call) => call.result)).toEqual([
      42,
      '1.0',
      '12345678901234567890',
      '007',
      true,
      'x',
      '{"a":1',
      [1],
    ]);
  });
});

describe('Claude Code sessions', () => {
  const server = 'shop';
  const id = (n: number) => `11111111-0000-4000-8000-${String(n).padStart(12, '0')}`;

  it('turns prompts into tasks and matches calls with their answers', async () => {
    const { episodes } = await read('claude-code', fixture('claude-code.jsonl'));
    const [refund, ...others] = episodes;
    expect(refund).toEqual({
      source: 'claude-code',
      key: id(3),
      task: 'refund order A-17',
      outcome: 'unknown',
      agent: 'claude-code',
      startedAt: '2026-03-02T09:00:02.000Z',
      calls: [
        {
          server,
          tool: 'find_order',
          args: { order: 'A-17' },
          at: '2026-03-02T09:00:05.000Z',
          result: { order: 'A-17', payment: { id: 'pay_9', total: 42 } },
          error: false,
        },
        {
          tool: 'Read',
          args: { file_path: '/home/ada/shop/policy.md' },
          at: '2026-03-02T09:00:06.000Z',
          result: 'Refunds within 30 days.',
          error: false,
        },
        {
          server,
          tool: 'refund',
          args: { payment: 'pay_9', amount: 42 },
          at: '2026-03-02T09:00:10.000Z',
          result: 'amount must be text',
          error: true,
        },
        {
          server,
          tool: 'refund',
          args: { payment: 'pay_9', amount: '42' },
          at: '2026-03-02T09:00:12.000Z',
          result: 'done\n[image]',
          error: false,
        },
      ],
    });
    expect(others.map(({ task, outcome, calls }) => [task, outcome, calls.map((call) => call.tool)])).toEqual(
      [
        ['/report last week', 'failure', ['Task', 'Write']],
        ['count the orders of last week', 'unknown', ['Bash']],
        ['write it to weekly.md instead', 'unknown', ['Write']],
      ],
    );
  });

  it('keeps no preview of an output that lies elsewhere', async () => {
    const { episodes } = await read('claude-code', fixture('claude-code.jsonl'));
    expect(episodes[2]?.calls).toMatchObject([{ tool: 'Bash', error: false }]);
    expect(episodes[2]?.calls[0]?.result).toBeUndefined();
  });

  it('counts a call that never got an answer as one that went wrong', async () => {
    const { episodes } = await read('claude-code', fixture('claude-code.jsonl'));
    expect(episodes[3]?.calls).toMatchObject([{ tool: 'Write', error: true, result: undefined }]);
  });

  const line = (type: 'user' | 'assistant', uuid: string, content: unknown, more: object = {}): string =>
    JSON.stringify({ type, uuid, sessionId: 's', parentUuid: null, message: { content }, ...more });
  const use = (callId: string, name = 'Bash') => [{ type: 'tool_use', id: callId, name, input: {} }];
  const answer = (callId: string) => [{ type: 'tool_result', tool_use_id: callId, content: 'ok' }];

  it('tells sub-agents apart that work at the same time, also without an agent id', async () => {
    const side = (parentUuid: string | null) => ({ isSidechain: true, parentUuid });
    const { episodes } = await read(
      'claude-code',
      [
        line('user', 'p', 'the task'),
        line('assistant', 'q', use('t0', 'Task')),
        line('user', 'a1', 'first half', side(null)),
        line('user', 'b1', 'second half', side(null)),
        line('assistant', 'a2', use('t1', 'Read'), side('a1')),
        line('assistant', 'b2', use('t2', 'Grep'), side('b1')),
        line('user', 'b3', answer('t2'), side('b2')),
        line('user', 'a3', answer('t1'), side('a2')),
        line('assistant', 'a4', use('t3', 'Edit'), side('a3')),
      ].join('\n'),
    );
    expect(episodes.map(({ task, calls }) => [task, calls.map((call) => call.tool)])).toEqual([
      ['the task', ['Task']],
      ['first half', ['Read', 'Edit']],
      ['second half', ['Grep']],
    ]);
  });

  it('keeps few episodes open however many sub-agents there are', async () => {
    const agents = Array.from({ length: 40 }, (_, n) => ({ isSidechain: true, agentId: `a${n}` }));
    const text = agents.flatMap((more, n) => [
      line('user', `u${n}`, `part ${n}`, more),
      line('assistant', `v${n}`, use(`t${n}`), more),
    ]);
    const { episodes } = await read('claude-code', text.join('\n'));
    expect(episodes.map((episode) => episode.task)).toEqual(agents.map((_, n) => `part ${n}`));
  });

  it('finishes what is open when another session begins', async () => {
    const { episodes } = await read(
      'claude-code',
      [
        line('user', 'u1', 'one'),
        line('assistant', 'v1', use('t1')),
        line('assistant', 'v2', use('t2'), { sessionId: 'other' }),
      ].join('\n'),
    );
    expect(episodes.map(({ key, task }) => [key, task])).toEqual([
      ['u1', 'one'],
      ['v2', ''],
    ]);
  });

  it('counts a call once although its line is there twice', async () => {
    const call = line('assistant', 'v1', use('t1'));
    const { episodes } = await read('claude-code', [line('user', 'u1', 'one'), call, call].join('\n'));
    expect(episodes[0]?.calls).toHaveLength(1);
  });

  it('splits the names of MCP tools at the server and leaves others alone', async () => {
    const names = ['mcp__git__log', 'mcp__drey__git__log', 'mcp__x', 'WebSearch'];
    const text = names.map((name, n) => line('assistant', `v${n}`, use(`t${n}`, name))).join('\n');
    const { episodes } = await read('claude-code', text);
    expect(episodes[0]?.calls.map((call) => [call.server, call.tool])).toEqual([
      ['git', 'log'],
      ['drey', 'git__log'],
      [undefined, 'mcp__x'],
      [undefined, 'WebSearch'],
    ]);
  });
});
