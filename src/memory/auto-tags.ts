/**
 * Tags read off a memory's text, each with how sure it is: what it looks like (a command, a path, an error), and what it
 * is about (names in it, words that come again). Pure; the moment is handed in.
 */
import type { AutoTags, MemoryKind } from '../../machines/words/memories.ts';
import { memoryLimits } from '../../machines/words/memories.ts';
import { isEmptyWord, toPlain } from './words.ts';

/** Grows when the rules below change, so that old findings can be told from new ones. */
const tagsVersion = 1;
/** What is less sure is not told. */
const confidenceMin = 0.3;
const textMax = 8_000;

const topics: readonly (readonly [tag: string, confidence: number, sign: RegExp])[] = [
  [
    'command',
    0.9,
    /(?:^|[\s`$])(?:npm|npx|git|docker|kubectl|curl|ssh|make|cargo|pip|yarn|pnpm|psql|apt|brew) [a-z-]/,
  ],
  ['url', 0.95, /\bhttps?:\/\/\S/],
  [
    'path',
    0.8,
    /(?:^|[\s"'`(])(?:~|\.{1,2})?\/[\w.-]+\/[\w./-]+|\b[\w-]+\.(?:ts|js|py|go|rs|json|ya?ml|md|toml|sql)\b/,
  ],
  ['error', 0.8, /\b(?:error|exception|failed|failure|crash(?:es|ed)?|timeout|stack trace|e[a-z]{4,}:)/],
  ['deployment', 0.8, /\b(?:deploy\w*|rollout|rollback|release\w*|staging|production|canary)\b/],
  ['database', 0.8, /\b(?:database|postgres\w*|mysql|sqlite|sql|schema|migration|query|index(?:es)?)\b/],
  ['testing', 0.8, /\b(?:tests?|testing|vitest|jest|pytest|fixture|coverage)\b/],
  ['configuration', 0.7, /\b(?:config\w*|setting|environment variable|env var|flag|\.env)\b/],
  ['security', 0.8, /\b(?:secret|token|password|credential|auth\w*|oauth|permission|redacted)\b/],
  ['network', 0.7, /\b(?:port|host|dns|proxy|tls|firewall|endpoint)\b/],
  [
    'schedule',
    0.7,
    /\b(?:deadline|every (?:day|week|month)|monday|tuesday|wednesday|thursday|friday|saturday|sunday|cron)\b/,
  ],
  ['style', 0.7, /\b(?:prefers?|style|format\w*|convention|naming|indent\w*|tabs|spaces)\b/],
];
const quoted = /[`"“]([\p{L}\p{N}][\p{L}\p{N}._ -]{1,40})[`"”]/gu;
/** Two capital letters or a capital in the middle: what people name things with. */
const named =
  /(?<![\p{L}\p{N}])(?:\p{Lu}\p{Ll}+(?:\p{Lu}\p{Ll}+)+|\p{Lu}{2,10}|\p{L}+[_-]\p{L}[\p{L}\p{N}_-]*)(?![\p{L}\p{N}])/gu;
const word = /\p{L}[\p{L}\p{N}]{3,}/gu;

/** Tags for a text, the surest first. */
export function findAutoTags(content: string, kind: MemoryKind, discoveredAt: string): AutoTags {
  const text = content.slice(0, textMax);
  const plain = toPlain(text);
  const found = new Map<string, number>();
  const add = (tag: string, confidence: number): void => {
    const clean = tag.trim().slice(0, memoryLimits.tagMax);
    if (clean !== '' && !clean.includes('redacted:'))
      found.set(clean, Math.max(found.get(clean) ?? 0, confidence));
  };
  for (const [tag, confidence, sign] of topics) if (sign.test(plain)) add(tag, confidence);
  for (const match of text.matchAll(quoted)) add(toPlain(match[1] ?? ''), 0.6);
  for (const [name] of text.matchAll(named)) add(toPlain(name), 0.6);
  for (const [often, times] of countWords(plain))
    if (times > 1) add(often, Math.min(0.75, 0.3 + 0.15 * times));
  if (kind !== 'note') add(kind, 1);
  const tags = [...found]
    .filter(([, confidence]) => confidence >= confidenceMin)
    .sort(([one, a], [other, b]) => b - a || (one < other ? -1 : 1))
    .slice(0, memoryLimits.tagsMax);
  return {
    acontext_version: tagsVersion,
    tags: tags.map(([tag]) => tag),
    confidence: Object.fromEntries(tags),
    discovered_at: discoveredAt,
  };
}

function countWords(plain: string): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const [one] of plain.matchAll(word)) {
    if (!isEmptyWord(one) && one.length <= memoryLimits.tagMax) counts.set(one, (counts.get(one) ?? 0) + 1);
  }
  return counts;
}
