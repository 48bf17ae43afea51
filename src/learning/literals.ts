/**
 * Results of tools written in Python: `(True, {'id': 'u-1', 'since': None})`. Read as the JSON they mean; anything that
 * is not wholly such a literal is no literal.
 */

const depthMax = 24;
/** A text, number or name at the place where reading stands. */
const scalar =
  /\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|(True|False|None|true|false|null))/y;
const names: Readonly<Record<string, boolean | null>> = {
  True: true,
  true: true,
  False: false,
  false: false,
  None: null,
  null: null,
};
const closing: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' };

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** The whole text as one value; undefined where it is none. */
  readAll(): unknown {
    const value = this.#read(0);
    return this.#peek() === '' ? value : undefined;
  }

  #peek(): string {
    while (/\s/.test(this.#text.charAt(this.#at))) this.#at += 1;
    return this.#text.charAt(this.#at);
  }

  #take(expected: string): boolean {
    if (this.#peek() !== expected) return false;
    this.#at += 1;
    return true;
  }

  #read(depth: number): unknown {
    const open = this.#peek();
    const close = closing[open];
    if (close === undefined) return this.#readScalar();
    if (depth >= depthMax) return undefined;
    this.#at += 1;
    return open === '{' ? this.#readObject(depth, close) : this.#readList(depth, close);
  }

  #readScalar(): unknown {
    scalar.lastIndex = this.#at;
    const match = scalar.exec(this.#text);
    if (match === null) return undefined;
    this.#at = scalar.lastIndex;
    const [, single, double, number, name] = match;
    if (number !== undefined) return Number(number);
    if (name !== undefined) return names[name];
    return (single ?? double ?? '').replace(/\\(.)/gs, (_, after: string) => (after === 'n' ? '\n' : after));
  }

  #readList(depth: number, close: string): unknown[] | undefined {
    const list: unknown[] = [];
    while (!this.#take(close)) {
      const value = this.#read(depth + 1);
      if (value === undefined) return undefined;
      list.push(value);
      if (!this.#take(',') && this.#peek() !== close) return undefined;
    }
    return list;
  }

  #readObject(depth: number, close: string): object | undefined {
    const entries: [string, unknown][] = [];
    while (!this.#take(close)) {
      const key = this.#read(depth + 1);
      if ((typeof key !== 'string' && typeof key !== 'number') || !this.#take(':')) return undefined;
      const value = this.#read(depth + 1);
      if (value === undefined) return undefined;
      entries.push([String(key), value]);
      if (!this.#take(',') && this.#peek() !== close) return undefined;
    }
    return Object.fromEntries(entries);
  }
}

/** The list or object that a Python literal writes; undefined for any other text. */
export function readLiteral(text: string): object | undefined {
  if (!/^\s*[([{]/.test(text)) return undefined;
  const value = new Reader(text).readAll();
  return typeof value === 'object' && value !== null ? value : undefined;
}
