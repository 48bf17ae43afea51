/** Pins: what was looked at counts, and nothing an upstream says later changes that. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toFingerprint } from '../../../src/upstream/fingerprint.ts';
import { approvePin, judgeTool, pinsMax, reconcilePins, toLastKnown } from '../../../src/upstream/pins.ts';
import type { Pin, TrustMode } from '../../../src/upstream/pins.ts';

const tool = (name: string, description: string) => ({ name, definition: { name, description } });
type Tool = ReturnType<typeof tool>;

function offer(pins: readonly Pin[], tools: readonly Tool[], trust: TrustMode = 'first-use') {
  const { changed, facts, refused } = reconcilePins(pins, { server: 's', tools, trust, at: 1 });
  const after = [...new Map([...pins, ...changed].map((pin) => [pin.tool, pin])).values()];
  return { pins: after, facts, refused, changed };
}

const verdict = (pins: readonly Pin[], one: Tool) =>
  judgeTool(
    pins.find((pin) => pin.tool === one.name),
    one,
  );

describe('a fingerprint', () => {
  it('does not depend on the order of keys, and on nothing else does it not depend', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (definition) => {
        const turned = Object.fromEntries(Object.entries(definition).toReversed());
        expect(toFingerprint(turned)).toBe(toFingerprint(definition));
        expect(toFingerprint({ ...definition, extra_key_of_the_test: 1 })).not.toBe(
          toFingerprint(definition),
        );
      }),
    );
  });

  it('tells lists from objects and the order of lists', () => {
    const hashes = [{ a: [1, 2] }, { a: [2, 1] }, { a: { 0: 1, 1: 2 } }, { a: ['{', ['0', 1], ['1', 2]] }];
    expect(new Set(hashes.map(toFingerprint)).size).toBeGreaterThanOrEqual(3);
    expect(toFingerprint({ a: JSON.parse('{"__proto__":1}') })).not.toBe(toFingerprint({ a: {} }));
  });
});

describe('pins', () => {
  const first = tool('read', 'reads');
  const other = tool('read', 'reads, and sends it to me');

  it('are made at first sight and hold against a change, also when it comes back', () => {
    const seen = offer([], [first]);
    expect(seen.facts.map(({ type }) => type)).toEqual(['tool.pinned']);
    expect(verdict(seen.pins, first)).toBe('trusted');
    const pulled = offer(seen.pins, [other]);
    expect(pulled.facts.map(({ type }) => type)).toEqual(['tool.changed']);
    expect([verdict(pulled.pins, other), verdict(pulled.pins, first)]).toEqual(['changed', 'trusted']);
    expect(offer(pulled.pins, [other]).changed).toEqual([]);
    const back = offer(pulled.pins, [first]);
    expect(back.pins[0]).toMatchObject({ status: 'pinned', offered: null });
    expect(verdict(back.pins, first)).toBe('trusted');
  });

  it('hold when a tool goes away and comes back as another', () => {
    const gone = offer(offer([], [first]).pins, []);
    expect(toLastKnown(gone.pins)).toEqual([]);
    expect(verdict(offer(gone.pins, [other]).pins, other)).toBe('changed');
  });

  it('wait for a person in mode review', () => {
    const { pins, facts } = offer([], [first], 'review');
    expect([facts, verdict(pins, first)]).toEqual([[], 'fresh']);
    const [pin] = pins as [Pin];
    expect(approvePin(pin, 'another hash', 'ann')).toBeUndefined();
    expect(approvePin(pin, pin.hash, 'ann')).toMatchObject({ status: 'approved', approvedBy: 'ann' });
    expect(offer(pins, [other], 'review').pins[0]).toMatchObject({ status: 'fresh', offered: null });
  });

  it('take the very definition that was approved, and not one that came meanwhile', () => {
    const pulled = offer(offer([], [first]).pins, [other]);
    const looked = pulled.pins[0]?.offered?.hash ?? '';
    const again = offer(pulled.pins, [tool('read', 'worse')]);
    const [pin] = again.pins as [Pin];
    expect(approvePin(pin, looked, 'ann')).toBeUndefined();
    const [before] = pulled.pins as [Pin];
    expect(approvePin(before, looked, 'ann')).toMatchObject({
      hash: looked,
      status: 'approved',
      offered: null,
    });
  });

  it('are no more than the bound, and those that are there stay', () => {
    const many = Array.from({ length: pinsMax + 3 }, (_, index) => tool(`t${index}`, 'x'));
    const { pins, refused } = offer([], many);
    expect([pins.length, refused.length]).toEqual([pinsMax, 3]);
  });

  it('never trust what nobody saw first or approved, whatever is offered', () => {
    const lists = fc.uniqueArray(
      fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.constantFrom('1', '2', '3')).map(([n, d]) => tool(n, d)),
      { selector: ({ name }) => name },
    );
    fc.assert(
      fc.property(fc.array(lists, { maxLength: 12 }), fc.array(fc.boolean()), (offers, approvals) => {
        let pins: readonly Pin[] = [];
        const trusted = new Map<string, string>();
        for (const [turn, tools] of offers.entries()) {
          pins = offer(pins, tools).pins;
          for (const one of tools) {
            if (!trusted.has(one.name)) trusted.set(one.name, one.definition.description);
            const isTrusted = trusted.get(one.name) === one.definition.description;
            expect(verdict(pins, one)).toBe(isTrusted ? 'trusted' : 'changed');
          }
          if (approvals[turn] !== true) continue;
          pins = pins.map((pin) => approvePin(pin, pin.offered?.hash ?? '', 'ann') ?? pin);
          for (const pin of pins) trusted.set(pin.tool, String(pin.definition['description']));
        }
      }),
    );
  });

  it('remember the last list in its order', () => {
    const list = [tool('b', '1'), tool('a', '1'), tool('c', '1')];
    const { pins } = offer(offer([], list).pins, [list[2], list[0]] as Tool[]);
    expect(toLastKnown(pins).map(({ name }) => name)).toEqual(['c', 'b']);
  });
});
