/** Spellings of the formats that tools in use write beside the one each fixture shows: found, and read as a person would. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { detect } from '../../../src/importers/importers.ts';
import { importBytes } from '../../contracts/importer.contract.ts';

const fixtures = new URL('../../fixtures/importers/variants/', import.meta.url);

async function read(name: string) {
  const text = readFileSync(new URL(`${name}.jsonl`, fixtures), 'utf8');
  const importer = detect(text.split('\n'));
  if (importer === undefined) throw new Error(`no importer takes ${name}`);
  const { episodes, bad } = await importBytes(importer, new TextEncoder().encode(text));
  const notes = episodes.flatMap(({ task, outcome, calls }) => [
    `${task} = ${outcome}`,
    ...calls.map(({ server, tool, args, result, error }) => {
      const whole = server === undefined ? tool : `${server}/${tool}`;
      return `${error ? '!' : ' '} ${whole} ${JSON.stringify(args)} > ${JSON.stringify(result) ?? '?'}`;
    }),
  ]);
  return { format: importer.name, bad, notes };
}

const order = '  get_order {} > ?';

describe('a variant', () => {
  it.each([
    ['claude-stream-json', 'claude-code', ['list the files = unknown', '  Bash {"command":"ls"} > "a b"']],
    [
      'claude-tool-error',
      'claude-code',
      ['do it = unknown', '! Edit {"a":1} > "<tool_use_error>String not found</tool_use_error>"'],
    ],
    [
      'codex-exec',
      'codex',
      [
        ' = unknown',
        '  command_execution {"command":"bash -lc ls"} > "docs\\n"',
        '  files/read {"path":"a"} > "x"',
        '  file_change {"changes":[{"path":"a","kind":"add"}]} > "completed"',
      ],
    ],
    [
      'langsmith-langgraph',
      'langsmith',
      ['refund order 10 = unknown', `! get_order {"input":"{'id': 1}"} > "Error: no order"`],
    ],
    ['otel-events', 'otel', ['refund order 1 = unknown', '  get_order {"id":1} > {"ok":true}']],
    ['otel-content-prompt', 'otel', ['refund order 2 = unknown', order]],
    ['otel-details', 'otel', ['refund order 3 = unknown', order]],
    ['otel-logs', 'otel', ['refund order 4 = failure', order]],
    ['otel-openinference', 'otel', ['refund order 5 = unknown', '  get_order {"id":1} > "ok"']],
    ['otel-traceloop', 'otel', ['refund order 6 = unknown', '  get_order {"id":1} > "ok"']],
    ['otel-pydantic', 'otel', ['refund order 7 = unknown', '  get_order {"id":1} > "ok"']],
    ['otel-strands', 'otel', ['refund order 9 = unknown', '  get_order {"id":1} > "ok"']],
  ])('is read: %s', async (name, format, notes) => {
    expect(await read(name)).toEqual({ format, bad: [], notes });
  });
});
