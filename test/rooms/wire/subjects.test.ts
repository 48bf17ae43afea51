import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { eventTypes } from '../../../machines/words/events.ts';
import { ActorKind } from '../../../machines/words/ids.ts';
import {
  isMatching,
  parseEventSubject,
  toAskSubject,
  toCommandSubject,
  toDeadSubject,
  toEventSubject,
  toFilters,
  toJobSubject,
} from '../../../src/wire/wire.ts';
import { toCoveringFilter } from '../../../src/wire/subjects.ts';

const token = fc.stringMatching(/^[a-z0-9_-]{1,40}$/);
const kind = fc.constantFrom(...ActorKind.options);
const type = fc.constantFrom(...eventTypes);
const facts = fc.record({ namespace: token, kind, id: token, type });

describe('a subject', () => {
  it('reads like a sentence', () => {
    const to = { namespace: 'acme', kind: 'session', id: 's-01jx' } as const;
    expect(toEventSubject({ namespace: 'acme', actor: to, type: 'call.finished' })).toBe(
      'drey.event.acme.session.s-01jx.call.finished',
    );
    expect(toCommandSubject(to, 'hold')).toBe('drey.command.acme.session.s-01jx.hold');
    expect(toAskSubject(to, 'state')).toBe('drey.ask.acme.session.s-01jx.state');
    expect(toDeadSubject(to)).toBe('drey.dead.acme.session.s-01jx');
    expect(toJobSubject('acme', 'relearn')).toBe('drey.job.acme.relearn');
  });

  it('of an event gives the event back', () => {
    fc.assert(
      fc.property(
        facts,
        fc.constantFrom('drey', 't1'),
        ({ namespace, kind: what, id, type: happened }, root) => {
          const subject = toEventSubject({ namespace, actor: { kind: what, id }, type: happened }, root);
          expect(parseEventSubject(subject, root)).toEqual({ namespace, kind: what, id, type: happened });
        },
      ),
    );
  });

  it('never carries a wildcard, a dot or a blank', () => {
    const hostile = fc.oneof(
      fc.string(),
      fc.constantFrom('', '*', '>', 'a.b', 'a b', 'A', 'ä', 'a\n', '\u0000', 'a'.repeat(256)),
    );
    fc.assert(
      fc.property(hostile, (text) => {
        fc.pre(!/^[a-z0-9_-]{1,128}$/.test(text));
        const refused = expect.objectContaining({ code: 'argument_invalid' });
        for (const make of [
          () =>
            toEventSubject({ namespace: 'a', actor: { kind: 'memory', id: text }, type: 'memory.stored' }),
          () => toEventSubject({ namespace: 'a', actor: { kind: text, id: 'a' }, type: 'memory.stored' }),
          () => toEventSubject({ namespace: 'a', actor: { kind: 'memory', id: 'a' }, type: text }),
          () => toCommandSubject({ namespace: 'a', kind: 'memory', id: 'a' }, text),
          () => toFilters({ id: text }),
          () => toJobSubject('a', text),
        ]) {
          expect(() => make()).toThrow(refused);
        }
      }),
    );
  });

  it('that is none is read as none', () => {
    for (const text of [
      '',
      'drey',
      'drey.event',
      'drey.event.a.memory.b.memory',
      'drey.event.a.memory.b.memory.stored.c',
      'drey.command.a.memory.b.memory.stored',
      'other.event.a.memory.b.memory.stored',
    ]) {
      expect(parseEventSubject(text)).toBeUndefined();
    }
  });
});

describe('filters', () => {
  it('name what was selected', () => {
    expect(toFilters()).toEqual(['drey.event.*.*.*.>']);
    expect(toFilters({ namespace: 'acme', kind: 'session' })).toEqual(['drey.event.acme.session.*.>']);
    expect(toFilters({ namespace: 'acme', types: ['call.finished', 'call.failed'] })).toEqual([
      'drey.event.acme.*.*.call.finished',
      'drey.event.acme.*.*.call.failed',
    ]);
    expect(toFilters({ topic: 'context' })).toEqual(
      ['created', 'updated', 'shared', 'revoked', 'archived'].map(
        (happened) => `drey.event.*.*.*.context.${happened}`,
      ),
    );
    expect(() => toFilters({ types: [] })).toThrow(expect.objectContaining({ code: 'argument_invalid' }));
  });

  it('let through exactly what was selected, and the covering one nothing less', () => {
    const selection = fc.record(
      {
        namespace: fc.constantFrom('a', 'b'),
        kind,
        id: fc.constantFrom('x', 'y'),
        types: fc.uniqueArray(type, { minLength: 1, maxLength: 5 }),
      },
      { requiredKeys: [] },
    );
    const event = fc.record({
      namespace: fc.constantFrom('a', 'b'),
      kind,
      id: fc.constantFrom('x', 'y'),
      type,
    });
    fc.assert(
      fc.property(selection, event, (wanted, given) => {
        const subject = toEventSubject({ namespace: given.namespace, actor: given, type: given.type });
        const filters = toFilters(wanted);
        const selected =
          (wanted.namespace ?? given.namespace) === given.namespace &&
          (wanted.kind ?? given.kind) === given.kind &&
          (wanted.id ?? given.id) === given.id &&
          (wanted.types?.includes(given.type) ?? true);
        expect(isMatching(subject, filters)).toBe(selected);
        expect(selected && !isMatching(subject, [toCoveringFilter(filters)])).toBe(false);
      }),
      { numRuns: 1_000 },
    );
  });
});
