/** Real episodes and real sessions, where they are at hand; they are other people's and are never copied here. */
import { createReadStream, existsSync } from 'node:fs';
import { createGunzip } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { detect, peekLines, toRecords } from '../../../src/importers/importers.ts';

const data = new URL('../../../../shared/data/', import.meta.url);
const present = existsSync(data);
const note = present ? '' : ' (skipped: ../shared/data is not there)';

async function tally(name: string) {
  const file = createReadStream(new URL(name, data));
  const bytes: AsyncIterable<Uint8Array> = name.endsWith('.gz') ? file.pipe(createGunzip()) : file;
  const { sample, lines } = await peekLines(toRecords(bytes));
  const importer = detect(sample);
  const counts = {
    format: importer?.name,
    episodes: 0,
    calls: 0,
    errors: 0,
    success: 0,
    failure: 0,
    unknown: 0,
    bad: 0,
  };
  const keys = new Set<string>();
  if (importer === undefined) return counts;
  for await (const episode of importer.read(lines, () => (counts.bad += 1), name)) {
    counts.episodes += 1;
    counts.calls += episode.calls.length;
    counts.errors += episode.calls.filter((call) => call.error).length;
    counts[episode.outcome] += 1;
    keys.add(`${episode.source} ${episode.key}`);
  }
  expect(keys.size).toBe(counts.episodes);
  return counts;
}

describe.skipIf(!present)(`recorded episodes${note}`, () => {
  const format = 'episodes';
  it.each([
    ['tau_bench', { episodes: 561, calls: 3_937, errors: 132, success: 311, failure: 250, unknown: 0 }],
    [
      'workbench',
      { episodes: 5_520, calls: 14_365, errors: 968, success: 1_150, failure: 4_370, unknown: 0 },
    ],
    [
      'sopbench_dev',
      { episodes: 12_404, calls: 38_042, errors: 993, success: 6_276, failure: 4_813, unknown: 1_315 },
    ],
    ['sopbench_dev_tasks', { episodes: 346, calls: 0, errors: 0, success: 0, failure: 0, unknown: 346 }],
  ])('of %s are all read', { timeout: 60_000 }, async (name, counts) => {
    expect(await tally(`${name}.jsonl.gz`)).toEqual({ format, bad: 0, ...counts });
  });
});

describe.skipIf(!present)(`recorded sessions${note}`, () => {
  const format = 'claude-code';
  it.each([
    ['agtrace-claude_session', { episodes: 2, calls: 4, errors: 1, failure: 0, unknown: 2 }],
    ['spotter-short', { episodes: 1, calls: 2, errors: 2, failure: 1, unknown: 0 }],
    ['spotter-subagent', { episodes: 2, calls: 16, errors: 0, failure: 1, unknown: 1 }],
    ['spotter-tool_heavy', { episodes: 2, calls: 6, errors: 0, failure: 2, unknown: 0 }],
  ])('of Claude Code are read: %s', async (name, counts) => {
    expect(await tally(`transcripts/${name}.jsonl`)).toEqual({ format, success: 0, bad: 0, ...counts });
  });

  it('of Codex are read', async () => {
    expect(await tally('transcripts/agtrace-codex_session.jsonl')).toEqual({
      format: 'codex',
      episodes: 2,
      calls: 5,
      errors: 2,
      success: 0,
      failure: 0,
      unknown: 2,
      bad: 0,
    });
  });
});
