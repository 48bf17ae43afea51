/** Names of prompts and URIs over several upstreams, and which URIs a template stands for. */
import * as fc from 'fast-check';
import { UriTemplate } from '@modelcontextprotocol/client';
import { describe, expect, it } from 'vitest';
import { namePrompts, nameUris, parseUriTemplate, unqualifyUri } from '../../../src/upstream/upstream.ts';
import type { OfferEntry } from '../../../src/upstream/upstream.ts';

const entry = (alias: string, ...keys: string[]): OfferEntry => ({
  alias,
  stale: false,
  items: keys.map((key) => ({ key, definition: { uri: key, name: key, kept: true } })),
});

describe('URIs of several upstreams', () => {
  it('stay as they are, and clashing ones get their alias in front', () => {
    const offers = nameUris([entry('a', 'file:///x'), entry('b', 'file:///x', 'file:///y')], 'uri');
    expect(offers.map(({ key, server, own }) => [key, server, own])).toEqual([
      ['file:///x', 'a', 'file:///x'],
      ['b+file:///x', 'b', 'file:///x'],
      ['file:///y', 'b', 'file:///y'],
    ]);
    expect(offers[1]?.definition).toEqual({ uri: 'b+file:///x', name: 'file:///x', kept: true });
  });

  it('lead back to exactly one upstream, whatever the aliases', () => {
    const uri = fc.webUrl();
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 2, maxLength: 6 }),
        fc.array(uri, { minLength: 1, maxLength: 4 }),
        (aliases, uris) => {
          const offers = nameUris(
            aliases.map((alias) => entry(alias, ...new Set(uris))),
            'uri',
          );
          expect(new Set(offers.map(({ key }) => key)).size).toBe(offers.length);
          for (const { key, server, own } of offers) {
            expect(URL.canParse(key)).toBe(true);
            if (key !== own) expect(unqualifyUri(key, aliases)).toEqual({ alias: server, own });
          }
        },
      ),
    );
  });
});

it('prompts are named as tools are', () => {
  const names = (prefix: 'always' | 'conflict' | 'never') =>
    namePrompts([entry('a', 'x', 'y'), entry('b', 'x')], { prefix }).map(({ key }) => key);
  expect(names('always')).toEqual(['a__x', 'a__y', 'b__x']);
  expect(names('conflict')).toEqual(['a__x', 'y', 'b__x']);
  expect(names('never')).toEqual(['x', 'y', 'b__x']);
});

describe('URI templates', () => {
  it.each([
    ['file:///{name}', 'file:///a', 'file:///a/b'],
    ['file:///{+path}', 'file:///a/b?c', 'http:///a'],
    ['test://{a}/{b}/end', 'test://x/y/end', 'test://x/end'],
    ['https://h/{id}{?q,page}', 'https://h/7?q=1&page=2', 'https://h/7#x'],
    ['https://h{/segments*}', 'https://h/a/b', 'https://i/a/b'],
    ['https://h/x{.format}', 'https://h/x.json', 'https://h/y.json'],
    ['https://h/x{#part}', 'https://h/x#a/b', 'https://g/x#a'],
  ])('%s stands for %s and not for %s', (template, fits, fitsNot) => {
    expect(parseUriTemplate(template)?.matches(fits)).toBe(true);
    expect(parseUriTemplate(template)?.matches(fitsNot)).toBe(false);
  });

  it('stand for all that the SDK makes of them', () => {
    const templates = [
      't://{a}',
      't://{+a}/x/{b}',
      't://h{/a}/{b}',
      't://h/{a}{?b}',
      't://h/{a}{&b}',
      't://h{#b}',
    ];
    fc.assert(
      fc.property(
        fc.constantFrom(...templates),
        fc.string({ minLength: 1, maxLength: 20 }),
        fc.string({ minLength: 1, maxLength: 20 }),
        (template, a, b) => {
          const uri = new UriTemplate(template).expand({ a, b });
          expect(parseUriTemplate(template)?.matches(uri)).toBe(true);
        },
      ),
    );
  });

  it('are never slow, and malformed ones stand for nothing', () => {
    const many = parseUriTemplate(`t://${'{+a}'.repeat(200)}x`);
    const begun = performance.now();
    expect(many?.matches(`t://${'y'.repeat(3_900)}`)).toBe(false);
    expect(performance.now() - begun).toBeLessThan(2_000);
    expect(parseUriTemplate('t://{a')).toBeUndefined();
    expect(parseUriTemplate(`t://${'a'.repeat(3_000)}`)).toBeUndefined();
  });
});
