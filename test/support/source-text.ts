/**
 * TypeScript read just well enough to check laws: which modules a file imports and what it says in code, with comments
 * and texts blanked out. Line numbers stay as they are. It does not parse; a regular expression is told by what
 * stands before it.
 */

export interface SourceText {
  /** Comments blanked, texts kept. */
  readonly code: string;
  /** Comments and the insides of texts, templates and regular expressions blanked. */
  readonly bare: string;
}

export interface Import {
  readonly specifier: string;
  readonly line: number;
  /** Gone after compilation. */
  readonly typeOnly: boolean;
}

const beforeRegex = /(?:^|[(,=:[!&|?{};+\-*%<>~^]|\b(?:return|typeof|case|in|of|yield|await|throw))\s*$/;

/** Blanks what is no code. */
export function toSourceText(text: string): SourceText {
  const code = text.split('');
  const bare = text.split('');
  /** Braces open inside each `${` that is being read. */
  const holes: number[] = [];
  let at = 0;

  const blank = (target: string[], from: number, to: number): void => {
    for (let index = from; index < to && index < text.length; index += 1) {
      if (target[index] !== '\n') target[index] = ' ';
    }
  };
  const skipComment = (to: number): void => {
    const end = to < 0 ? text.length : to;
    blank(code, at, end);
    blank(bare, at, end);
    at = end;
  };
  /** Skips a text that opened at `at`, up to its quote, or for a template up to its next hole. */
  const skipText = (quote: string): void => {
    const from = (at += 1);
    while (at < text.length && text[at] !== quote) {
      if (quote === '`' && text.startsWith('${', at)) break;
      if (quote !== '`' && text[at] === '\n') break;
      at += text[at] === '\\' ? 2 : 1;
    }
    blank(bare, from, at);
    if (quote === '`' && text.startsWith('${', at)) {
      holes.push(0);
      at += 2;
    } else at += 1;
  };
  const skipRegex = (): void => {
    const from = (at += 1);
    let inClass = false;
    while (at < text.length && text[at] !== '\n' && (inClass || text[at] !== '/')) {
      if (text[at] === '[') inClass = true;
      if (text[at] === ']') inClass = false;
      at += text[at] === '\\' ? 2 : 1;
    }
    blank(bare, from, at);
    blank(code, from, at);
    at += 1;
  };
  const brace = (sign: string): void => {
    const depth = holes.pop();
    if (depth === undefined) at += 1;
    else if (sign === '}' && depth === 0) skipText('`');
    else {
      holes.push(depth + (sign === '{' ? 1 : -1));
      at += 1;
    }
  };

  while (at < text.length) {
    const sign = text[at] ?? '';
    if (text.startsWith('//', at)) skipComment(text.indexOf('\n', at));
    else if (text.startsWith('/*', at)) {
      const end = text.indexOf('*/', at + 2);
      skipComment(end < 0 ? -1 : end + 2);
    } else if (sign === "'" || sign === '"' || sign === '`') skipText(sign);
    else if (sign === '{' || sign === '}') brace(sign);
    else if (sign === '/' && beforeRegex.test(bare.slice(Math.max(0, at - 40), at).join(''))) skipRegex();
    else at += 1;
  }
  return { code: code.join(''), bare: bare.join('') };
}

/** Every module a file imports or re-exports, types included. */
export function toImports({ code }: SourceText): Import[] {
  const patterns = [
    /^[ \t]*(?:import|export)\b[^'"`;=()]*?\bfrom\s*['"]([^'"\n]+)['"]/gm,
    /^[ \t]*import\s*['"]([^'"\n]+)['"]/gm,
    /\bimport\(\s*['"]([^'"\n]+)['"]\s*\)/g,
  ];
  return patterns.flatMap((pattern) =>
    [...code.matchAll(pattern)].map((match) => ({
      specifier: match[1] ?? '',
      line: toLine(code, match.index + match[0].length - 1),
      typeOnly: /^\s*(?:import|export)\s+type\b/.test(match[0]),
    })),
  );
}

/** The 1-based line of a place in a text. */
export function toLine(text: string, index: number): number {
  return text.slice(0, index).split('\n').length;
}
