/**
 * Redaction: what looks like a secret, by its name or by its form, becomes a typed token that is the same for equal
 * secrets (`[redacted:jwt:ab12cd34]`), so that learning still sees that a value was passed on. Redacting twice is
 * redacting once. The key of the tokens is handed in; without it nobody can test guesses against them.
 */
import { hash } from 'node:crypto';
import { limits } from '../../machines/words/limits.ts';
import { createNameTest } from './secret-names.ts';
import { isSuspicious, secretPatterns } from './secret-patterns.ts';

export interface Redactor {
  /** A deep copy in which every secret is a token. */
  redact(value: unknown): unknown;
  redactText(text: string): string;
  /** A quick look at JSON text: true when `redact` would surely change nothing. */
  isHarmless(json: string): boolean;
}

export interface RedactorOptions {
  /** Makes tokens that only this installation can compare. */
  readonly key: string | Uint8Array;
  /** Further names whose values are secrets. */
  readonly extraKeys?: readonly string[];
}

/** Texts of JSON inside texts are opened up to this size and depth. */
const nestedBytesMax = 512 * 1024;
const nestedDepthMax = 4;
const namesMax = 4_000;
const nameCharactersMax = 100;
/** Replacing may uncover another secret beside it; more rounds than this are never needed. */
const roundsMax = 8;
const token = /^\[redacted:[a-z]{1,20}:[0-9a-f]{8}\]$/;
/** Splits a text so that every second piece is a token. */
const tokens = /(\[redacted:[a-z]{1,20}:[0-9a-f]{8}\])/;
const tooDeep = '[cut:depth]';

/** Creates a redactor; it holds no state but a bounded memory of names. */
export function createRedactor(options: RedactorOptions): Redactor {
  const redaction = new Redaction(options);
  const further = options.extraKeys ?? [];
  return {
    redact: (value) => redaction.copy(value, false, 0, 0),
    redactText: (text) => redaction.text(text),
    // An escaped name could hide; a further name could be any word.
    isHarmless: (json) => further.length === 0 && !json.includes('\\u') && !isSuspicious(json),
  };
}

class Redaction {
  readonly #key: string;
  readonly #names = new Map<string, string>();
  readonly #isSecret: (name: string) => boolean;

  constructor(options: RedactorOptions) {
    // Digested once, so that its length and content never meet a secret in the clear.
    this.#key = hash('sha256', options.key, 'hex');
    this.#isSecret = createNameTest(options.extraKeys);
  }

  copy(value: unknown, secret: boolean, depth: number, nested: number): unknown {
    if (typeof value === 'string') return secret ? this.#whole(value) : this.#leaf(value, nested);
    if (secret && (typeof value === 'number' || typeof value === 'bigint')) return this.#whole(String(value));
    if (typeof value !== 'object' || value === null) return value;
    if (depth >= limits.messageDepthMax) return tooDeep;
    if (Array.isArray(value)) return value.map((item) => this.copy(item, secret, depth + 1, nested));
    return this.#object(value, secret, depth, nested);
  }

  /** Text in which every recognised secret is a token. */
  text(text: string): string {
    let before = text;
    for (let round = 0; round < roundsMax && isSuspicious(before); round += 1) {
      const after = this.#pass(before);
      if (after === before) break;
      before = after;
    }
    return before;
  }

  #object(value: object, secret: boolean, depth: number, nested: number): object {
    const copy: Record<string, unknown> = {};
    const named = this.#isNamedSecret(value);
    for (const [name, item] of Object.entries(value)) {
      const shown = this.#name(name);
      const hidden = secret || this.#isNameOfSecret(name) || (named && name === 'value');
      const copied = this.copy(item, hidden, depth + 1, nested);
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
    if (name.length > nameCharactersMax) return this.text(name);
    const known = this.#names.get(name);
    if (known !== undefined) return known;
    const shown = this.text(name);
    if (this.#names.size >= namesMax) this.#names.clear();
    this.#names.set(name, shown);
    return shown;
  }

  /** `{name: 'Authorization', value: '…'}`, as headers and environments are often written. */
  #isNamedSecret(value: object): boolean {
    if (!('value' in value)) return false;
    const name = 'name' in value ? value.name : 'key' in value ? value.key : undefined;
    return typeof name === 'string' && this.#isNameOfSecret(name);
  }

  /** A name can hold a secret itself; what is left of it then must say the same the next time. */
  #isNameOfSecret(name: string): boolean {
    return this.#isSecret(name) || this.#isSecret(this.#name(name));
  }

  #whole(value: string): string {
    if (value === '' || value === tooDeep || token.test(value)) return value;
    const shown = this.text(value);
    return token.test(shown) ? shown : this.#token('secret', value);
  }

  #leaf(value: string, nested: number): string {
    if (!isSuspicious(value)) return value;
    const opened = nested < nestedDepthMax ? this.#nested(value, nested) : undefined;
    return opened ?? this.text(value);
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
    const after = JSON.stringify(this.copy(inner, false, 0, nested + 1));
    return before === after ? value : after;
  }

  /** Tokens stand like walls: no pattern looks into one or across one. */
  #pass(text: string): string {
    let pieces = text.split(tokens);
    for (const { kind, hint, expression } of secretPatterns) {
      let changed = false;
      for (let index = 0; index < pieces.length; index += 2) {
        const piece = pieces[index] ?? '';
        if (!hint.test(piece)) continue;
        const shown = this.#replace(piece, kind, expression);
        changed ||= shown !== piece;
        pieces[index] = shown;
      }
      if (changed) pieces = pieces.join('').split(tokens);
    }
    return pieces.join('');
  }

  #replace(piece: string, kind: string, expression: RegExp): string {
    return piece.replace(expression, (match: string, ...rest: unknown[]) => {
      const [kept, secret] = rest;
      if (typeof kept !== 'string' || typeof secret !== 'string') return this.#token(kind, match);
      return `${kept}${this.#token(kind, secret)}`;
    });
  }

  #token(kind: string, secret: string): string {
    const mark = hash('sha256', `${this.#key}:${secret}`, 'hex').slice(0, 8);
    return `[redacted:${kind}:${mark}]`;
  }
}
