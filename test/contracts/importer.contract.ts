/**
 * What every importer promises, whatever its format: junk is refused by line number, the same input gives the same
 * episodes however it is cut into chunks, nothing throws, and what comes out is bounded and plain JSON.
 */
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { Outcome } from '../../machines/words/episodes.ts';
import type { ImportedEpisode } from '../../machines/words/episodes.ts';
import { limits } from '../../machines/words/limits.ts';
import { detect, toRecords } from '../../src/importers/importers.ts';
import type { BadLine, Importer } from '../../src/importers/importers.ts';

const ImportedCall = z.strictObject({
  server: z.string().min(1).max(100).optional(),
  tool: z.string().min(1).max(190),
  args: z.unknown(),
  result: z.unknown().optional(),
  error: z.boolean(),
  at: z.iso.datetime().optional(),
  id: z.string().min(1).max(190).optional(),
});
const Imported = z.strictObject({
  source: z.string().min(1).max(300),
  key: z.string().min(1).max(300),
  task: z.string().max(limits.taskTextMax),
  outcome: Outcome,
  agent: z.string().max(300),
  startedAt: z.iso.datetime().optional(),
  calls: z.array(ImportedCall).max(limits.episodeCallsMax),
});

export interface Imported {
  readonly episodes: ImportedEpisode[];
  readonly bad: BadLine[];
}

/** Imports bytes that arrive in chunks of the given size. */
export async function importBytes(
  importer: Importer,
  bytes: Uint8Array,
  chunkBytes = 65_536,
): Promise<Imported> {
  const bad: BadLine[] = [];
  const episodes: ImportedEpisode[] = [];
  const lines = toRecords(toChunks(bytes, chunkBytes));
  for await (const episode of importer.read(lines, (line) => bad.push(line), 'a-file'))
    episodes.push(episode);
  return { episodes, bad };
}

async function* toChunks(bytes: Uint8Array, chunkBytes: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes);
}

const encoder = new TextEncoder();
/** These do real work many times; a busy machine may take its time. */
const patience = { timeout: 60_000 };
const importText = (importer: Importer, lines: readonly string[]): Promise<Imported> =>
  importBytes(importer, encoder.encode(lines.join('\n')));

/** What is wrong with the episodes: not well-formed, or not the same after a journey through JSON. */
function toUnsound(episodes: readonly ImportedEpisode[]): string[] {
  return episodes.flatMap((episode) => {
    const { error } = Imported.safeParse(episode);
    const once = JSON.stringify(episode);
    const same = JSON.stringify(JSON.parse(once)) === once;
    return [...(error?.issues.map((issue) => issue.message) ?? []), ...(same ? [] : ['changed by JSON'])];
  });
}

export interface ContractOptions {
  /** A line as it would stand in the n-th copy of the fixture, where a format knows its parts by their ids. */
  readonly renumber?: (line: string, round: number) => string;
  /** Copies of the fixture that may be read ahead of the episodes. */
  readonly roundsAheadMax?: number;
}

/** Registers the contract's tests for one importer; `fixture` is a whole file of its format, `junk` holds none of it. */
export function testImporter(
  importer: Importer,
  fixture: string,
  junk: readonly string[],
  { renumber = (line) => line, roundsAheadMax = 10 }: ContractOptions = {},
): void {
  const lines = fixture.split('\n').filter((line) => line !== '');

  it('recognises its own format and leaves junk alone', () => {
    expect(detect(lines)?.name).toBe(importer.name);
    expect(importer.recognises(junk)).toBe(false);
    expect(importer.recognises([])).toBe(false);
  });

  it('reads a sound file without complaint', async () => {
    const { episodes, bad } = await importText(importer, lines);
    expect(bad).toEqual([]);
    expect(episodes.length).toBeGreaterThan(0);
    expect(toUnsound(episodes)).toEqual([]);
  });

  it('refuses junk with its line number and reads on', patience, async () => {
    const clean = await importText(importer, lines);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat({ max: lines.length }), { minLength: 1, maxLength: 5 }),
        async (places) => {
          const mixed = [...lines];
          for (const [index, place] of places.entries())
            mixed.splice(place, 0, junk[index % junk.length] ?? '');
          const expected = mixed.flatMap((line, index) => (junk.includes(line) ? [index + 1] : []));
          const { episodes, bad } = await importText(importer, mixed);
          expect(bad.map((line) => line.line)).toEqual(expected);
          expect(bad.every((line) => line.reason !== '')).toBe(true);
          expect(episodes).toEqual(clean.episodes);
        },
      ),
      { numRuns: 30 },
    );
  });

  it('names the line of a transcript that breaks off, wherever it does, and reads on', patience, async () => {
    for (const [index, line] of lines.entries()) {
      const broken = lines.with(index, line.slice(0, Math.ceil(line.length / 2)));
      const { bad, episodes } = await importText(importer, broken);
      expect(bad.map((each) => each.line)).toEqual([index + 1]);
      expect(bad[0]?.reason).not.toBe('');
      expect(toUnsound(episodes)).toEqual([]);
    }
  });

  it('never quotes a refused line in its reason', async () => {
    const { bad } = await importText(importer, [
      'hunter2',
      '"hunter2"',
      '{"hunter2": "hunter2"}',
      '{"hunter2"',
    ]);
    expect(bad).toHaveLength(4);
    expect(JSON.stringify(bad)).not.toContain('hunter2');
  });

  it('gives each episode one key, and the same key every time', async () => {
    const first = await importText(importer, lines);
    const keys = first.episodes.map((episode) => `${episode.source} ${episode.key}`);
    expect(new Set(keys).size).toBe(keys.length);
    expect(await importText(importer, lines)).toEqual(first);
  });

  it('reads the same whatever the chunks are', async () => {
    const bytes = encoder.encode(fixture);
    const whole = await importBytes(importer, bytes);
    for (const chunkBytes of [1, 2, 3, 7, 64, 1_000]) {
      expect(await importBytes(importer, bytes, chunkBytes)).toEqual(whole);
    }
    expect(await importBytes(importer, encoder.encode(`\uFEFF${fixture.replaceAll('\n', '\r\n')}`))).toEqual(
      whole,
    );
  });

  it('hands out episodes while it reads', async () => {
    const repeats = 400;
    let read = 0;
    async function* endless(): AsyncGenerator<{ line: number; text: string }> {
      for (; read < lines.length * repeats; read += 1)
        yield {
          line: read + 1,
          text: renumber(lines[read % lines.length] ?? '', Math.floor(read / lines.length)),
        };
    }
    let episodes = 0;
    let aheadMax = 0;
    const each = (await importText(importer, lines)).episodes.length;
    for await (const _ of importer.read(endless(), () => undefined, 'a-file')) {
      episodes += 1;
      aheadMax = Math.max(aheadMax, read - (episodes / each) * lines.length);
    }
    expect(episodes).toBeGreaterThanOrEqual(repeats);
    expect(aheadMax).toBeLessThan(lines.length * roundsAheadMax);
  });

  it('leaves out values that are too large or too deep', patience, async () => {
    const deep = `${'['.repeat(40_000)}${']'.repeat(40_000)}`;
    const wide = JSON.stringify('x'.repeat(limits.recordedBytesMax + 1));
    for (const value of [deep, wide, `{"a":${deep}}`, JSON.stringify(deep), JSON.stringify('\uD800\0')]) {
      for (const name of ['args', 'result', 'input', 'content', 'task', 'text', 'command']) {
        const mutated = fixture.replaceAll(
          new RegExp(`"${name}":(?=["{[])`, 'g'),
          `"${name}":${value},"was":`,
        );
        const { episodes } = await importText(importer, [mutated]);
        expect(toUnsound(episodes)).toEqual([]);
        expect(JSON.stringify(episodes).length).toBeLessThan(limits.recordedBytesMax);
      }
    }
  });

  it('never throws, whatever happened to the bytes', patience, async () => {
    const bytes = encoder.encode(fixture);
    const edit = fc.record({
      at: fc.nat({ max: bytes.length - 1 }),
      remove: fc.nat({ max: 200 }),
      insert: fc.oneof(fc.uint8Array({ maxLength: 8 }), fc.string({ unit: 'binary', maxLength: 8 })),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 6 }), async (edits) => {
        let mutated = bytes;
        for (const { at, remove, insert } of edits) {
          const put = typeof insert === 'string' ? encoder.encode(insert) : insert;
          mutated = Uint8Array.from([...mutated.subarray(0, at), ...put, ...mutated.subarray(at + remove)]);
        }
        expect(toUnsound((await importBytes(importer, mutated)).episodes)).toEqual([]);
      }),
      { numRuns: 40 },
    );
  });

  it(
    'never throws where an object that cannot be a text stands in the place of any value',
    patience,
    async () => {
      for (const [index, line] of lines.slice(0, 12).entries()) {
        const value: unknown = JSON.parse(line);
        for (const place of toPlaces(value).slice(0, 40)) {
          const mutated = JSON.stringify(replaceAt(value, place, { toString: null, valueOf: null }));
          expect(toUnsound((await importText(importer, lines.with(index, mutated))).episodes)).toEqual([]);
        }
      }
    },
  );

  it('never throws, whatever stands in the place of a value', patience, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat({ max: lines.length - 1 }),
        fc.nat(),
        fc.jsonValue({ depthSize: 'small' }),
        async (index, pick, replacement) => {
          const value: unknown = JSON.parse(lines[index] ?? 'null');
          const places = toPlaces(value);
          const mutated = JSON.stringify(replaceAt(value, places[pick % places.length] ?? [], replacement));
          expect(toUnsound((await importText(importer, lines.with(index, mutated))).episodes)).toEqual([]);
        },
      ),
      { numRuns: 120 },
    );
  });
}

type Place = readonly (string | number)[];

/** The path of every value inside a value, its own included. */
function toPlaces(value: unknown, at: Place = []): Place[] {
  if (typeof value !== 'object' || value === null) return [at];
  return [at, ...Object.entries(value).flatMap(([key, inner]) => toPlaces(inner, [...at, key]))];
}

function replaceAt(value: unknown, place: Place, replacement: unknown): unknown {
  const [key, ...rest] = place;
  if (key === undefined) return replacement;
  if (Array.isArray(value)) return value.with(Number(key), replaceAt(value[Number(key)], rest, replacement));
  const held = value as Record<string, unknown>;
  return { ...held, [key]: replaceAt(held[key], rest, replacement) };
}
