/**
 * Redaction: what looks like a secret, or like somebody's own, by its name or by its form, becomes a typed token that is
 * the same for equal values of one namespace (`[redacted:jwt:ab12cd34ef56]`), so that learning still sees that a value
 * was passed on. Redacting twice is redacting once. Depth and size of what is looked at are bounded.
 */
import { systemNamespace } from '../../machines/words/ids.ts';
import { limits } from '../../machines/words/limits.ts';
import { findEmbedded } from './embedded-json.ts';
import { createFinder } from './find-secrets.ts';
import type { Finder } from './find-secrets.ts';
import { createNameTest, pinDigits } from './secret-names.ts';
import type { NamedKind } from './secret-names.ts';
import { findSplit } from './split-secrets.ts';
import { createMarker, everyToken, tokenStart, wholeToken } from './redaction-tokens.ts';
import type { Marker } from './redaction-tokens.ts';
import { toPatterns, toSuspicion } from './redaction-rules.ts';
import type { RedactionRules } from './redaction-rules.ts';

const id = /^(?:[a-z]-)?[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** A UUID, bare or as one of our ids: it stays, unless its name says that it is a secret. */
export function isPlainId(text: string): boolean {
  return text.length <= 38 && id.test(text);
}

export interface Redactor {
  /** A deep copy in which every secret is a token. */
  redact(value: unknown): unknown;
  redactText(text: string): string;
  /** The copy, and whether anything in it had to be hidden. */
  inspect(value: unknown): { readonly shown: unknown; readonly found: boolean };
  /** A quick look at JSON text: true when `redact` would surely change nothing. */
  isHarmless(json: string): boolean;
  /** A hash of something that holds a secret: equal for equal bytes, and nobody can test guesses against it. */
  digest(bytes: string | Uint8Array): string;
}

/** The redactor of the system's own namespace, and those of all others. */
export interface Redaction extends Redactor {
  in(namespace: string): Redactor;
}

export interface RedactorOptions extends Partial<RedactionRules> {
  /** Makes tokens that only who has it can compare. */
  readonly key: string | Uint8Array;
  /** Further names whose values are secrets. */
  readonly extraKeys?: readonly string[];
}

/** Texts of JSON inside texts are opened up to this size and depth. */
const nestedBytesMax = 512 * 1024;
const nestedDepthMax = 4;
const namesMax = 4_000;
const nameCharactersMax = 100;
const namespacesMax = 1_000;
const tooDeep = '[cut:depth]';

/** Creates the redactors; they hold no state but bounded memories of names and namespaces. */
export function createRedactor(options: RedactorOptions): Redaction {
  const extra = [...(options.extraKeys ?? []), ...(options.names ?? [])];
  const personal = options.personal ?? true;
  const patterns = toPatterns(options.patterns ?? []);
  const keep = createNameTest({ extra: options.keep ?? [], personal: false });
  const shared: SharedRules = {
    kindOf: createNameTest({ extra, personal }),
    isKept: options.keep?.length ? (name) => keep(name) === 'secret' : () => false,
    finder: createFinder({ names: extra, patterns, personal }),
    mayHold: toSuspicion(extra, patterns),
  };
  const known = new Map<string, Redactor>();
  const find = (namespace: string): Redactor => {
    const found = known.get(namespace);
    if (found !== undefined) return found;
    if (known.size >= namespacesMax) known.clear();
    const made = new Namesake(shared, createMarker(options.key, namespace));
    known.set(namespace, made);
    return made;
  };
  const system = find(systemNamespace);
  return {
    redact: (value) => system.redact(value),
    redactText: (text) => system.redactText(text),
    inspect: (value) => system.inspect(value),
    isHarmless: (json) => system.isHarmless(json),
    digest: (bytes) => system.digest(bytes),
    in: find,
  };
}

interface SharedRules {
  readonly kindOf: (name: string) => NamedKind | undefined;
  readonly isKept: (name: string) => boolean;
  readonly finder: Finder;
  /** False where a text surely holds nothing. */
  readonly mayHold: (text: string) => boolean;
}

/** Where a value stands: what its name says of it, and how deep it is. */
interface Place {
  readonly kind: NamedKind | undefined;
  readonly kept: boolean;
  readonly depth: number;
  readonly nested: number;
}

/** Below a name; most names say nothing, and nothing is made for them. */
function toPlaceOf(place: Place, kind: Place['kind'], kept: boolean): Place {
  if (place.kind === kind && place.kept === kept) return place;
  return { kind, kept, depth: place.depth, nested: place.nested };
}

const top: Place = { kind: undefined, kept: false, depth: 0, nested: 0 };

/** The redactor of one namespace. */
class Namesake implements Redactor {
  readonly #rules: SharedRules;
  readonly #marker: Marker;
  readonly #names = new Map<string, string>();
  #found = 0;

  constructor(rules: SharedRules, marker: Marker) {
    this.#rules = rules;
    this.#marker = marker;
  }

  redact(value: unknown): unknown {
    return this.#copy(value, top);
  }

  inspect(value: unknown): { readonly shown: unknown; readonly found: boolean } {
    const before = this.#found;
    const shown = this.#copy(value, top);
    return { shown, found: this.#found !== before };
  }

  redactText(text: string): string {
    return this.#leaf(text, top);
  }

  isHarmless(json: string): boolean {
    // Behind an escape a name could hide, or what a pattern of the configuration means.
    return !json.includes('\\u') && !json.includes('\\\\') && !this.#rules.mayHold(json);
  }

  digest(bytes: string | Uint8Array): string {
    return this.#marker.digest(bytes);
  }

  #copy(value: unknown, place: Place): unknown {
    const { kind, depth } = place;
    if (typeof value === 'string')
      return kind === undefined ? this.#leaf(value, place) : this.#whole(value, place);
    if (typeof value === 'number' || typeof value === 'bigint') return this.#number(value, place);
    if (typeof value !== 'object' || value === null) return value;
    if (depth >= limits.messageDepthMax) return tooDeep;
    const below = { kind, kept: place.kept, depth: depth + 1, nested: place.nested };
    // What stands in an object below a pin is told of by its own name.
    if (!Array.isArray(value))
      return this.#object(value, kind === 'pin' ? { ...below, kind: undefined } : below);
    const split = findSplit(value, undefined);
    return value.map((item, index) =>
      this.#copy(item, split?.has(index) ? { ...below, kind: 'secret' } : below),
    );
  }

  #object(value: object, place: Place): object {
    const copy: Record<string, unknown> = {};
    const entries = Object.entries(value);
    const named = this.#toNamedValue(value);
    const split = findSplit(Object.values(value), entries);
    let index = -1;
    for (const [name, item] of entries) {
      index += 1;
      const shown = this.#name(name);
      const ofName = this.#kindOf(name) ?? (name === 'value' ? named : undefined);
      const kind = place.kind === 'secret' || split?.has(index) ? 'secret' : (ofName ?? place.kind);
      const kept = place.kept || this.#rules.isKept(name);
      const copied = this.#copy(item, toPlaceOf(place, kept ? undefined : kind, kept));
      // A plain assignment to this one name would change the prototype instead.
      if (shown === '__proto__') {
        Object.defineProperty(copy, shown, {
          value: copied,
          enumerable: true,
          writable: true,
          configurable: true,
        });
      } else copy[shown] = copied;
    }
    return copy;
  }

  /** Names repeat; what they look like is remembered, up to a maximum. */
  #name(name: string): string {
    if (name.length > nameCharactersMax) return this.#leaf(name, top);
    const known = this.#names.get(name);
    if (known !== undefined) {
      if (known !== name) this.#found += 1;
      return known;
    }
    const shown = this.#leaf(name, top);
    if (this.#names.size >= namesMax) this.#names.clear();
    this.#names.set(name, shown);
    return shown;
  }

  /** `{name: 'Authorization', value: '…'}`, as headers and environments are often written. */
  #toNamedValue(value: object): NamedKind | undefined {
    if (!('value' in value)) return undefined;
    const name = 'name' in value ? value.name : 'key' in value ? value.key : undefined;
    return typeof name === 'string' ? this.#kindOf(name) : undefined;
  }

  /** A name can hold a secret itself; what is left of it then must say the same the next time, and a token says nothing. */
  #kindOf(name: string): NamedKind | undefined {
    const shown = this.#name(name);
    if (shown === name && !name.includes(tokenStart)) return this.#rules.kindOf(name);
    return (
      this.#rules.kindOf(name.replace(everyToken, '')) ?? this.#rules.kindOf(shown.replace(everyToken, ''))
    );
  }

  #number(value: number | bigint, place: Place): unknown {
    const text = String(value);
    if (place.kind !== undefined) {
      const shown = this.#whole(text, place);
      return shown === text ? value : shown;
    }
    if (text.length < 12 || place.kept) return value;
    const shown = this.#leaf(text, place);
    return shown === text ? value : shown;
  }

  /** A value whose name says what it is. */
  #whole(value: string, place: Place): string {
    const { kind = 'secret' } = place;
    if (value === '' || value === tooDeep || wholeToken.test(value)) return value;
    const shown = this.#leaf(value, place);
    if (wholeToken.test(shown)) return shown;
    if (kind === 'pin') return pinDigits.test(value) ? this.#token('secret', value) : shown;
    if (kind === 'secret') return this.#token('secret', value);
    const plain = value.replace(kind === 'iban' ? /[^A-Za-z0-9]/g : /\D/g, '').toUpperCase();
    const isLong = plain.length >= (kind === 'ssn' ? 4 : 7) && plain.length * 2 >= value.length;
    return isLong ? this.#token(kind, plain) : shown;
  }

  #leaf(value: string, { nested, kept }: Place): string {
    // Digits of an id look like an account's now and then, and an event whose ids are gone is none any more.
    if (isPlainId(value)) return value;
    const { finder, mayHold } = this.#rules;
    if (!mayHold(value)) return value;
    const opened = nested < nestedDepthMax ? this.#nested(value, nested) : undefined;
    if (opened !== undefined) return opened;
    const unfolded = nested < nestedDepthMax ? this.#embedded(value, nested) : value;
    return finder.replace(unfolded, {
      nested,
      kept,
      token: (kind, secret) => this.#token(kind, secret),
      isHiding: (text, depth) => this.#isHiding(text, depth),
    });
  }

  /** JSON inside a text is redacted as JSON; undefined when the text is none. */
  #nested(value: string, nested: number): string | undefined {
    const first = value.trimStart().charAt(0);
    if ((first !== '{' && first !== '[') || value.length > nestedBytesMax) return undefined;
    let inner: unknown;
    try {
      inner = JSON.parse(value);
    } catch {
      return undefined;
    }
    const before = JSON.stringify(inner);
    const after = JSON.stringify(this.#copy(inner, { ...top, nested: nested + 1 }));
    return before === after ? value : after;
  }

  /** The text with the JSON that stands in it redacted as JSON. */
  #embedded(value: string, nested: number): string {
    if (!value.includes('"') || value.length > nestedBytesMax) return value;
    let text = '';
    let at = 0;
    for (const { start, end, value: inner } of findEmbedded(value)) {
      const after = JSON.stringify(this.#copy(inner, { ...top, nested: nested + 1 }));
      text += value.slice(at, start) + (after === JSON.stringify(inner) ? value.slice(start, end) : after);
      at = end;
    }
    return text + value.slice(at);
  }

  /** Whether text that was unwrapped holds a secret. */
  #isHiding(text: string, nested: number): boolean {
    if (nested > nestedDepthMax) return false;
    return this.#leaf(text, { ...top, nested }) !== text;
  }

  #token(kind: string, secret: string): string {
    this.#found += 1;
    return this.#marker.token(kind, secret);
  }
}
