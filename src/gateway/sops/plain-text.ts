/**
 * Text of others inside Markdown, YAML and Mermaid. Triggers and tool names come from people and upstreams: none of them
 * may begin a line, end a quotation or open a link of its own.
 */

/** Whatever breaks lines or cannot be seen. */
const unseen = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\s]+/gu;

/** One line, without anything unseen. */
export function toOneLine(text: string): string {
  return text.replaceAll(unseen, ' ').trim();
}

/**
 * One line of Markdown that is nothing but text: what would be a tag, a link, an image or code is escaped. A `_` inside
 * a word means nothing to Markdown, so that names of tools stay as they are.
 */
export function toMarkdownText(text: string): string {
  return toOneLine(text)
    .replaceAll('&', '&amp;')
    .replaceAll(/[\\`*[\]~|]/g, String.raw`\$&`)
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll(/(?<![\p{L}\p{N}_])_|_(?![\p{L}\p{N}_])/gu, String.raw`\_`);
}

/** A paragraph or heading of its own: what at its beginning would make it a list, a heading or a rule is escaped too. */
export function toMarkdownBlock(text: string): string {
  return toMarkdownText(text).replace(/^(?:[#+=-]|\d{1,9}(?=[.)]))/, (mark) =>
    /\d/.test(mark) ? mark.replace(/$/, '\\') : `\\${mark}`,
  );
}

/** A quoted YAML scalar on one line; angle brackets go, since readers of skills take them for tags. */
export function toYamlText(text: string, charactersMax: number): string {
  const line = toOneLine(text).replaceAll('<', '‹').replaceAll('>', '›');
  return JSON.stringify(Array.from(line).slice(0, charactersMax).join(''));
}

/** A list's mark at the beginning, emphasis, and all that Mermaid or Markdown might take for more than a letter. */
const meaningful = /[^\p{L}\p{N} ,/_-]|^-|(?<![\p{L}\p{N}_])_|_(?![\p{L}\p{N}_])/gu;

/**
 * A quoted label of Mermaid: everything that could mean something there is written as its code. Its older versions read
 * labels as Markdown, and show `1. first` as "Unsupported markdown: list".
 */
export function toMermaidText(text: string, charactersMax = 120): string {
  const line = Array.from(toOneLine(text)).slice(0, charactersMax).join('');
  return `"${line.replaceAll(meaningful, (letter) => `#${letter.codePointAt(0) ?? 63};`)}"`;
}
