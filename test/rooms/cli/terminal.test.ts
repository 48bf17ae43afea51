/** What is printed: safe, fitting, and as people read it. */
import { PassThrough } from 'node:stream';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toStreamItems } from '../../../src/cli/event-stream.ts';
import { toProblem } from '../../../src/cli/problem.ts';
import { toDurationText, toPlural, toSizeText } from '../../../src/cli/terminal/durations.ts';
import { openProgress, toProgressLine } from '../../../src/cli/terminal/progress.ts';
import { toSafeJson, toSafeLines, toSafeText } from '../../../src/cli/terminal/safe-text.ts';
import { toFit, toTable, toWidth } from '../../../src/cli/terminal/table.ts';

/** What a terminal acts upon instead of showing it. */
const acting = /[\p{Cc}\p{Cs}\u200e\u200f\u202a-\u202e\u2066-\u2069\u2028\u2029]/u;

describe('text of others', () => {
  it('shows escape sequences, line ends and reversed text instead of doing what they say', () => {
    expect(toSafeText('a\u001b[2Jb\r\n\u202efdp.exe\u009b31m\ud800')).toBe(
      String.raw`a\u001b[2Jb\r\n\u202efdp.exe\u009b31m\ud800`,
    );
  });

  it('leaves letters of all languages and emoji alone', () => {
    const text = 'Größe 日本語 שלום नमस्ते 👩‍👩‍👧 é';
    expect(toSafeText(text)).toBe(text);
  });

  it('never lets anything through that a terminal acts upon', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(toSafeText(text)).not.toMatch(acting);
        for (const line of toSafeLines(text)) expect(line).not.toMatch(acting);
      }),
    );
  });

  it('keeps the meaning of JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.string({ unit: 'binary' }), (value, text) => {
        const json = JSON.stringify({ value, text: text.toWellFormed() });
        expect(JSON.parse(toSafeJson(json))).toEqual(JSON.parse(json));
        expect(toSafeJson(json)).not.toMatch(acting);
      }),
    );
  });
});

describe('a table', () => {
  const columns = [{ title: 'ID' }, { title: 'N', align: 'right' }, { title: 'TEXT' }] as const;
  const rows = [
    ['a', '5', 'short'],
    ['longer', '1,000', 'a text that is much longer than the terminal is wide'],
  ];

  it('fits the terminal by cutting the last column', () => {
    expect(toTable(columns, rows, 40)).toEqual([
      'ID          N  TEXT',
      'a           5  short',
      'longer  1,000  a text that is much long…',
    ]);
  });

  it('is whole where there is no terminal', () => {
    expect(toTable(columns, rows, Number.POSITIVE_INFINITY).at(-1)).toContain('than the terminal is wide');
  });

  it('never exceeds its width, whatever the last column holds', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 40, max: 120 }), (text, cells) => {
        for (const line of toTable(columns, [['a', '5', text]], cells)) {
          expect(toWidth(line)).toBeLessThanOrEqual(cells);
        }
      }),
    );
  });

  it('never exceeds its width where other columns are long, and keeps figures whole', () => {
    const id = 'm-01a2007a-d033-71ae-adb6-6d50a16fa0dd';
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 40, max: 120 }), (text, cells) => {
        for (const line of toTable(columns, [[id + text, '1,234', text]], cells))
          expect(toWidth(line)).toBeLessThanOrEqual(cells);
      }),
    );
    expect(toTable(columns, [[id, '1,234', 'what it says']], 40).at(-1)).toBe(
      'm-01a2007a-d033-71…  1,234  what it says',
    );
  });

  it('cuts what is very long into a pipe as well', () => {
    const [, line = ''] = toTable(columns, [['a', '5', 'x'.repeat(1_000_000)]], Number.POSITIVE_INFINITY);
    expect(line.length).toBeLessThan(1_100);
  });

  it('counts wide letters as two cells', () => {
    expect(toWidth('日本')).toBe(4);
    expect(toWidth('a👍b')).toBe(4);
    expect(toFit('日本語です', 6)).toBe('日本…');
  });
});

describe('amounts', () => {
  it.each([
    [0.4, '0 s'],
    [59, '59 s'],
    [61, '1 min'],
    [3_720, '1 h 2 min'],
    [90_000, '1 d 1 h'],
    [Number.NaN, '?'],
  ])('reads %s seconds as %s', (seconds, text) => expect(toDurationText(seconds)).toBe(text));

  it('knows one from many', () => {
    expect([toPlural(1, 'call'), toPlural(12_345, 'call')]).toEqual(['1 call', '12,345 calls']);
    expect([toSizeText(999), toSizeText(4_200_000), toSizeText(250_000)]).toEqual([
      '999 B',
      '4.2 MB',
      '250 kB',
    ]);
  });
});

describe('the progress bar', () => {
  it('shows share, rate and what remains, going by bytes', () => {
    expect(toProgressLine({ doneBytes: 500_000, totalBytes: 1_000_000, calls: 1_200, label: '' }, 10)).toBe(
      '[##########..........]  50 %  50.0 kB/s  1,200 calls  10 s left',
    );
  });

  it('does without a total', () => {
    expect(toProgressLine({ doneBytes: 500, totalBytes: undefined, calls: 1, label: 'x' }, 1)).toBe(
      '500 B  500 B/s  1 call  x',
    );
  });

  it('draws on a terminal only, at most ten times a second, and leaves no trace', () => {
    const draw = (isTTY: boolean): string => {
      let now = 0;
      const screen = Object.assign(new PassThrough(), { isTTY, columns: 60 });
      const progress = openProgress(screen, () => now);
      for (; now < 1_000; now += 10)
        progress.show({ doneBytes: now, totalBytes: 1_000, calls: 1, label: '' });
      progress.clear();
      return String(screen.read() ?? '');
    };
    expect(draw(false)).toBe('');
    expect(draw(true).match(/\[#*\.*\]/g)).toHaveLength(10);
    expect(draw(true).endsWith('\r\u001b[2K')).toBe(true);
  });
});

describe('a stream of events', () => {
  const read = async (...chunks: readonly string[]) => {
    const items = [];
    const bytes = (async function* () {
      for (const chunk of chunks) yield Buffer.from(chunk, 'latin1');
    })();
    for await (const item of toStreamItems(bytes))
      items.push(item.kind === 'message' ? item.data : `:${item.text}`);
    return items;
  };

  it('is read however it is cut', async () => {
    const whole = ': hello\n\nid: 1\ndata: {"a":1}\n\ndata: {"b":\r\ndata: 2}\r\n\r\ndata: lost';
    const expected = [':hello', '{"a":1}', '{"b":\n2}'];
    expect(await read(whole)).toEqual(expected);
    expect(await read(...whole.split(''))).toEqual(expected);
  });
});

describe('a refusal', () => {
  it('keeps its code and so its exit code', () => {
    const error = toProblem(
      404,
      JSON.stringify({ code: 'sop_unknown', detail: 'no SOP has this id' }),
      'http://x',
    );
    expect([error.code, error.message, error.exit]).toEqual(['sop_unknown', 'no SOP has this id.', 66]);
  });

  it.each([
    [403, 'Host is not allowed\n', 'permission_denied', 'http://x answered 403: Host is not allowed.'],
    [502, '<html>', 'unexpected', 'http://x answered 502.'],
    [302, '', 'node_unreachable', 'http://x answered 302.'],
    [
      429,
      '{"code":"no such code","title":"Slow down"}',
      'limit_reached',
      'http://x answered 429: Slow down.',
    ],
  ])('that is not the node’s own (%s) goes by its status', (status, text, code, sentence) => {
    const error = toProblem(status, text, 'http://x');
    expect([error.code, error.message]).toEqual([code, sentence]);
  });
});
