import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildCatalogue, isToolAllowed, type CatalogueEntry } from '../../../src/upstream/catalogue.ts';

const tools = (...names: string[]) =>
  names.map((name) => ({
    name,
    definition: { name, description: `does ${name}`, inputSchema: { type: 'object' } },
  }));

const names = fc.oneof(
  fc.constantFrom(
    'a',
    'b',
    'a__b',
    '_b',
    'b__c',
    'c',
    'read_file',
    'files',
    'x'.repeat(60),
    'é',
    'a.b',
    'a b',
    '',
  ),
  fc.string({ maxLength: 70 }),
);
const entries: fc.Arbitrary<CatalogueEntry[]> = fc.array(
  fc.record({ alias: names, tools: fc.array(names, { maxLength: 6 }).map((list) => tools(...list)) }),
  { maxLength: 5 },
);
const mode = fc.constantFrom('always' as const, 'conflict' as const, 'never' as const);

describe('the catalogue', () => {
  it('shows tools as alias__tool and replaces only the name in the definition', () => {
    const catalogue = buildCatalogue([{ alias: 'files', tools: tools('read_file') }], { prefix: 'always' });
    expect(catalogue).toEqual({
      tools: [
        {
          name: 'files__read_file',
          server: 'files',
          tool: 'read_file',
          definition: {
            name: 'files__read_file',
            description: 'does read_file',
            inputSchema: { type: 'object' },
          },
          stale: false,
        },
      ],
      problems: [],
    });
  });

  it('gives every tool a name of its own that every model accepts', () => {
    fc.assert(
      fc.property(entries, mode, (list, prefix) => {
        const reserved = ['task', 'memory', 'a'];
        const catalogue = buildCatalogue(list, { prefix, reserved });
        const shown = catalogue.tools.map(({ name }) => name);
        expect(new Set([...shown, ...reserved]).size).toBe(shown.length + reserved.length);
        for (const name of shown) expect(name).toMatch(/^[A-Za-z0-9_-]{1,50}$/);
        const distinct = new Set(
          list.flatMap(({ alias, tools: own }) => own.map(({ name }) => `${alias}\n${name}`)),
        );
        expect(shown.length).toBe(distinct.size);
      }),
    );
  });

  it('names tools the same whatever the order of the upstreams', () => {
    const distinctAliases = fc.uniqueArray(
      fc.record({ alias: names, tools: fc.array(names, { maxLength: 6 }).map((list) => tools(...list)) }),
      { selector: ({ alias }) => alias, maxLength: 5 },
    );
    fc.assert(
      fc.property(
        distinctAliases,
        fc.constantFrom('always' as const, 'conflict' as const),
        (list, prefix) => {
          const forth = buildCatalogue(list, { prefix });
          const back = buildCatalogue(list.toReversed(), { prefix });
          const key = ({ name, server, tool }: (typeof forth.tools)[number]) =>
            JSON.stringify([name, server, tool]);
          expect(forth.tools.map(key).toSorted()).toEqual(back.tools.map(key).toSorted());
        },
      ),
    );
  });

  it('names a bare tool that looks prefixed the same, whoever comes first', () => {
    const list = [
      { alias: 'b', tools: tools('c') },
      { alias: '', tools: tools('b__c') },
      { alias: 'a', tools: tools('c') },
    ];
    const name = (turned: typeof list) =>
      buildCatalogue(turned, { prefix: 'conflict' }).tools.find(({ server }) => server === 'b')?.name;
    expect(name(list)).toBe(name(list.toReversed()));
  });

  it('prefixes only what several upstreams offer in mode conflict, and what our own tools are called', () => {
    const list = [
      { alias: 'a', tools: tools('read', 'one', 'task') },
      { alias: 'b', tools: tools('read', 'two') },
    ];
    const catalogue = buildCatalogue(list, { prefix: 'conflict', reserved: ['task'] });
    expect(catalogue.tools.map(({ name }) => name)).toEqual(['a__read', 'one', 'a__task', 'b__read', 'two']);
  });

  it('never prefixes in mode never, unless the name is taken, and says so', () => {
    const list = [
      { alias: 'a', tools: tools('read') },
      { alias: 'b', tools: tools('read') },
    ];
    const catalogue = buildCatalogue(list, { prefix: 'never' });
    expect(catalogue.tools.map(({ name }) => name)).toEqual(['read', 'b__read']);
    expect(catalogue.problems).toEqual([
      {
        server: 'b',
        tool: 'read',
        problem: 'name_taken',
        sentence: 'the name "read" is taken, so "read" of "b" is shown as "b__read"',
      },
    ]);
  });

  it('shortens long names to fifty characters with a hash that keeps them apart', () => {
    const long = 'an_upstream_with_a_long_alias';
    const list = [{ alias: long, tools: tools(`${'t'.repeat(40)}_one`, `${'t'.repeat(40)}_two`, 'short') }];
    const [one, two, short] = buildCatalogue(list, { prefix: 'always' }).tools.map(({ name }) => name);
    expect(one).toMatch(/^an_upstream___t{29}_[0-9a-f]{6}$/);
    expect(two).not.toBe(one);
    expect(short).toBe(`${long}__short`);
  });

  it('keeps a__b of c and a of b__c apart', () => {
    const list = [
      { alias: 'a__b', tools: tools('c') },
      { alias: 'a', tools: tools('b__c') },
    ];
    const [first, second] = buildCatalogue(list, { prefix: 'always' }).tools.map(({ name }) => name);
    expect(first).toMatch(/^a__b__c_[0-9a-f]{6}$/);
    expect(second).toBe('a__b__c');
  });

  it('honours allow and deny lists with patterns', () => {
    expect(isToolAllowed('read_file', { allow: ['read_*'] })).toBe(true);
    expect(isToolAllowed('write_file', { allow: ['read_*'] })).toBe(false);
    expect(isToolAllowed('read_secret', { allow: ['read_*'], deny: ['*secret*'] })).toBe(false);
    expect(isToolAllowed('aba', { allow: ['ab*ba'] })).toBe(false);
    expect(isToolAllowed('anything', { allow: [] })).toBe(false);
    const list = [{ alias: 'a', tools: tools('x', 'y'), filter: { deny: ['y'] } }];
    expect(buildCatalogue(list, { prefix: 'always' }).tools.map(({ tool }) => tool)).toEqual(['x']);
  });

  it('hides tools that cannot be called plainly and marks those of an absent upstream', () => {
    const needsTasks = { name: 'slow', definition: { name: 'slow', execution: { taskSupport: 'required' } } };
    const list = [{ alias: 'a', tools: [needsTasks, ...tools('x')], stale: true }];
    const catalogue = buildCatalogue(list, { prefix: 'always' });
    expect(catalogue.tools.map(({ tool, stale }) => [tool, stale])).toEqual([['x', true]]);
    expect(catalogue.problems.map(({ problem }) => problem)).toEqual(['needs_tasks']);
  });
});
