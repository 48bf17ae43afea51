import { describe, expect, it } from 'vitest';
import { align } from '../../../src/learning/align.ts';
import { bind } from '../../../src/learning/bind.ts';
import { toCase } from '../../../src/learning/case.ts';
import { clean } from '../../../src/learning/clean.ts';
import { hasEffects, mayBeConstantOf } from '../../../src/learning/effects.ts';
import { createSequenceBook, lcsLength, likeness } from '../../../src/learning/likeness.ts';
import { findArguments } from '../../../src/learning/sources.ts';
import { squeeze } from '../../../src/learning/squeeze.ts';
import { toProgram, toSymbol } from '../../../src/learning/symbol.ts';
import { maskValues, toTerms, toWordingKey } from '../../../src/learning/terms.ts';
import { toComparable } from '../../../src/learning/texts.ts';
import { type CallSketch, toEpisode } from './episodes.ts';

describe('symbol', () => {
  it('names the tool as it was called, with its argument keys', () => {
    expect(toSymbol({ name: 'fs__read_file', tool: 'read_file', args: { path: 'a', head: 3 } })).toEqual({
      id: 'fs__read_file',
      tool: 'fs__read_file',
      program: '',
      keys: ['head', 'path'],
    });
  });

  it.each([
    ['git commit -m "x"', 'git commit'],
    ['cd src && npm run test -- --watch', 'npm run test'],
    ['FOO=1 sudo /usr/bin/python3 main.py', 'python3'],
    ['timeout 5 cargo build', 'cargo build'],
    ['ls -la | grep x', 'ls'],
    ['', ''],
    ['"$(evil)"', ''],
  ])('reads program and sub-command of %j', (command, program) => {
    expect(toProgram(command)).toBe(program);
  });

  it('looks through a shell that runs a script', () => {
    const symbol = toSymbol({
      name: 'shell',
      tool: 'shell',
      args: { command: ['bash', '-lc', 'git status'] },
    });
    expect(symbol.id).toBe('shell git status');
  });
});

describe('clean', () => {
  const cleaned = (calls: readonly CallSketch[], outcome: 'success' | 'failure' | 'unknown' = 'unknown') =>
    clean(toEpisode(1, 'x', calls, { outcome }));

  it('turns a failing call that is retried into a pitfall and no step', () => {
    const { calls, pitfalls, verdict } = cleaned([{ tool: 'a', error: true }, { tool: 'b' }, { tool: 'a' }]);
    expect(calls.map((each) => each.symbol.id)).toEqual(['b', 'a']);
    expect(pitfalls).toEqual([{ tool: 'a', failedTimes: 1, recoveredBy: 'a' }]);
    expect(verdict).toBe('implied');
  });

  it('tells programs of one shell apart: another one is no second try', () => {
    const run = (command: string, error = false) => ({ tool: 'Bash', args: { command }, error });
    const mended = [run('npm test', true), { tool: 'Edit' }, run('git commit -m x'), run('npm test')];
    expect(cleaned(mended).pitfalls).toEqual([
      {
        tool: 'Bash',
        program: 'npm test',
        failedTimes: 1,
        recoveredBy: 'Bash',
        recoveredProgram: 'npm test',
      },
    ]);
    expect(cleaned([run('npm test', true), { tool: 'Edit' }, run('git commit -m x')]).pitfalls).toEqual([
      { tool: 'Bash', program: 'npm test', failedTimes: 1, recoveredBy: 'Edit' },
    ]);
  });

  it('names another tool as the recovery where the failing one never worked', () => {
    expect(cleaned([{ tool: 'a', error: true }, { tool: 'b' }]).pitfalls).toEqual([
      { tool: 'a', failedTimes: 1, recoveredBy: 'b' },
    ]);
  });

  it('implies no success where the last call failed and nobody said how it ended', () => {
    expect(cleaned([{ tool: 'a' }, { tool: 'b', error: true }]).verdict).toBe('stuck');
    expect(cleaned([{ tool: 'a' }, { tool: 'b', error: true }], 'success').verdict).toBe('told');
    expect(cleaned([{ tool: 'a' }], 'failure').verdict).toBe('failed');
  });
});

describe('likeness', () => {
  it('is one for equal, none for disjoint sequences, and knows order', () => {
    expect(likeness(['a', 'b'], ['a', 'b'])).toBe(1);
    expect(likeness(['a'], ['b'])).toBe(0);
    expect(likeness(['a', 'b'], ['b', 'a'])).toBe(0.75);
    expect(lcsLength(['a', 'b', 'c'], ['a', 'c'])).toBe(2);
  });

  it('cuts long runs', () => {
    expect(squeeze(['a', 'a', 'a', 'a', 'b'])).toEqual([0, 1, 2, 4]);
  });
});

describe('terms', () => {
  it('sees the same words in other forms', () => {
    const stems = (text: string) => toTerms(text).map(({ term }) => term);
    expect(stems('Please summarize the reports')).toEqual(stems('summarizing a report'));
  });

  it('replaces values by their class and drops what was redacted', () => {
    expect(maskValues('Mail ada@example.com the file notes/a.txt [redacted:key] 42 times')).toBe(
      'Mail {email} the file {path} … {number} times',
    );
    expect(toWordingKey('Read a.txt!')).toBe(toWordingKey('read b.txt'));
    expect(toTerms('token [redacted:secret]').map(({ term }) => term)).toEqual(['token']);
  });
});

describe('sources', () => {
  const found = (task: string, calls: readonly CallSketch[]) =>
    findArguments(task, clean(toEpisode(1, task, calls)).calls).map(({ args }) => args);

  it('finds a value in the task, with the word before it', () => {
    const [[path] = []] = found('Read the file notes/a.txt', [{ tool: 'r', args: { path: 'notes/a.txt' } }]);
    expect(path?.sources).toEqual([
      { from: 'task', selector: 'path after "file"' },
      { from: 'task', selector: 'path' },
    ]);
  });

  it('finds a value in an earlier result and tells which element it is', () => {
    const calls = [
      {
        tool: 'find',
        result: {
          users: [
            { id: 'u-17', name: 'Ada' },
            { id: 'u-18', name: 'Bob' },
          ],
        },
      },
      { tool: 'get', args: { id: 'u-18' } },
    ];
    const [, [id] = []] = found('What about Bob?', calls);
    expect(id?.sources.map((source) => (source.from === 'result' ? source.selector : source.from))).toEqual([
      'last',
      'mentioned',
      'any',
    ]);
    expect(id?.tainted).toBe(true);
  });

  it('reads JSON inside texts of a result', () => {
    const calls = [
      { tool: 'find', result: { content: [{ type: 'text', text: '{"id":"u-99"}' }] } },
      { tool: 'get', args: { id: 'u-99' } },
    ];
    const [, [id] = []] = found('x', calls);
    expect(id?.sources[0]).toMatchObject({ from: 'result', path: '/content/0/text/id' });
  });

  it('keeps no redacted value and compares underscores as spaces', () => {
    const [[key] = []] = found('x', [{ tool: 'r', args: { key: '[redacted:token]' } }]);
    expect(key).toEqual({ path: 'key', value: undefined, sources: [], tainted: true });
    expect(toComparable('total_Visits')).toBe('total visits');
  });
});

describe('align', () => {
  const book = createSequenceBook();
  const cases = (sequences: readonly string[]) =>
    sequences.map((tools, n) =>
      toCase(
        toEpisode(
          n,
          `task ${'abcdefgh'.charAt(n)}x`,
          tools.split('').map((tool) => ({ tool })),
        ),
        book,
      ),
    );
  const line = (sequences: readonly string[]) =>
    align(cases(sequences), book).steps.map(
      (step) => step.symbol + (step.optional ? '?' : '') + (step.repeated ? '+' : ''),
    );

  it('takes the line that is most like all others', () => {
    expect(line(['abc', 'abc', 'abc', 'abxc'])).toEqual(['a', 'b', 'c']);
  });

  it('marks what only some did as optional and leaves out what hardly anybody did', () => {
    expect(line(['abc', 'abc', 'ac'])).toEqual(['a', 'b?', 'c']);
    expect(line(['abc', 'ac', 'ac'])).toEqual(['a', 'c']);
  });

  it('marks loops as repeated', () => {
    expect(line(['abbbc', 'abbbbc', 'abbbc'])).toContain('b+');
  });

  it('names what stands in for a step', () => {
    const { steps } = align(cases(['abc', 'abc', 'axc']), book);
    expect(steps[1]).toMatchObject({ symbol: 'b', alternatives: ['x'], optional: true });
  });

  it('agrees fully with an episode that left out an optional step', () => {
    const members = cases(['abc', 'abc', 'ac']);
    const { agreementOf } = align(members, book);
    expect(members.map((one) => agreementOf(one.sequence))).toEqual([1, 1, 1]);
  });
});

describe('effects', () => {
  it.each([
    ['mail__send_email', true],
    ['fs__write_file', true],
    ['updateOrder', true],
    ['bank__transfer', true],
    ['fs__read_file', false],
    ['get_order_details', false],
    ['calendar.search_events', false],
    ['internal_check_username_exist', false],
  ])('%s changes something: %s', (tool, changes) => {
    expect(hasEffects(tool)).toBe(changes);
  });

  it.each([
    ['deposit_funds', 'amount', false],
    ['wh__pack_box', 'box', false],
    ['text__find_and_replace', 'by', false],
    ['mail__get_and_delete', 'folder', false],
    ['task__toggle_status', 'state', false],
    ['shop__enter_payment_details', 'kind', false],
    ['library__check_out', 'desk', false],
    ['library__check_availability', 'desk', true],
    ['home__look_after_room', 'room', false],
    ['toString', 'constructor', false],
    ['geo__get_latitude_and_longitude', 'place', true],
    ['bank__get_loan', '/payment/value', false],
    ['shop__get_quote', '/prices/0', false],
    ['shop__make_payment', 'card', false],
    ['browser__click', 'selector', false],
    ['get_loan', 'loan_amount', false],
    ['fs__write_file', 'mode', false],
    ['calendar.search_events', 'time_min', true],
    ['analytics.total_visits_count', 'time_max', true],
    ['fs__directory_tree', 'depth', true],
  ])('%s may have a constant for %s: %s', (tool, path, may) => {
    expect(mayBeConstantOf(tool, path)).toBe(may);
  });

  it('a tool whose name promises nothing gets no constant, however often it was the same', () => {
    const book = createSequenceBook();
    const calls = ['wh__find_box', 'wh__pack_box'].map((tool) => ({ tool, args: { kind: 'small' } }));
    const members = ['amber', 'basil', 'cedar', 'dahlia'].map((name, at) =>
      toCase(toEpisode(at, `Prepare the delivery for ${name}`, calls), book),
    );
    const alignment = align(members, book);
    const [found, packed] = bind(members, alignment, ['wh__find_box', 'wh__pack_box'], false);
    expect(found?.['kind']).toMatchObject({ from: 'constant', value: 'small' });
    expect(packed?.['kind']?.from).not.toBe('constant');
  });
});

it('a number that JSON has no word for is kept as no value', () => {
  const found = findArguments('do it', [
    { call: { args: { far: Infinity, none: Number.NaN, near: 12 } } } as never,
  ]);
  expect(found[0]?.args.map(({ path, value }) => [path, value])).toEqual([
    ['far', undefined],
    ['none', undefined],
    ['near', 12],
  ]);
});
