/**
 * Finding tools by words: BM25 over names, titles, descriptions and parameters, names weighing most. Pure and
 * deterministic; an index belongs to one list of tools and is made anew with the next.
 */

/** What is known of a tool here. */
export interface SearchableTool {
  /** The name clients see. */
  readonly name: string;
  readonly server: string;
  readonly definition: object;
}

export interface FoundTool<T> {
  readonly tool: T;
  readonly score: number;
}

export interface ToolIndex<T extends SearchableTool> {
  /** The best first; what shares no word with the question is not found. */
  find(question: string, limit: number): readonly FoundTool<T>[];
}

/** Characters of a description that count, words of a question, and properties of a schema. */
const textMax = 2_000;
const wordsMax = 50;
const propertiesMax = 100;

const saturation = 1.2;
const lengthPart = 0.6;
/** A word that only begins like one of the question's. */
const beginningFactor = 0.5;
const beginningMin = 3;
const weights = { name: 4, title: 2, server: 1.5, description: 1, parameter: 0.6 } as const;
/** Words so common in questions that they say nothing; most names of tools are verbs, so verbs stay. */
const empty = new Set(
  'a an and are as at be by can for from i in into is it me my of on or please that the this to tool with you'.split(
    ' ',
  ),
);

interface Posting {
  readonly at: number;
  readonly weight: number;
}

/** Makes the index of these tools. */
export function indexTools<T extends SearchableTool>(tools: readonly T[]): ToolIndex<T> {
  const postings = new Map<string, Posting[]>();
  const lengths = tools.map((tool, at) => {
    const words = weighWords(tool);
    let length = 0;
    for (const [word, weight] of words) {
      length += weight;
      const list = postings.get(word) ?? [];
      list.push({ at, weight });
      postings.set(word, list);
    }
    return length;
  });
  const meanLength = lengths.reduce((sum, length) => sum + length, 0) / Math.max(1, tools.length);
  const toScore = ({ at, weight }: Posting, rarity: number): number => {
    const length = 1 - lengthPart + (lengthPart * (lengths[at] ?? 0)) / Math.max(1, meanLength);
    return (rarity * weight * (saturation + 1)) / (weight + saturation * length);
  };
  const toRarity = (count: number): number => Math.log(1 + (tools.length - count + 0.5) / (count + 0.5));
  return {
    find(question, limit) {
      const scores = new Map<number, number>();
      const add = (list: readonly Posting[], factor: number): void => {
        const rarity = toRarity(list.length) * factor;
        for (const posting of list)
          scores.set(posting.at, (scores.get(posting.at) ?? 0) + toScore(posting, rarity));
      };
      for (const word of new Set(toWords(question).slice(0, wordsMax))) {
        const exact = postings.get(word);
        if (exact !== undefined) add(exact, 1);
        else for (const list of findBeginnings(postings, word)) add(list, beginningFactor);
      }
      const asked = question.trim();
      return [...scores]
        .map(([at, score]) => ({ at, score: tools[at]?.name === asked ? Infinity : score }))
        .sort((a, b) => b.score - a.score || a.at - b.at)
        .slice(0, limit)
        .flatMap(({ at, score }) => {
          const tool = tools[at];
          return tool === undefined ? [] : [{ tool, score: Number.isFinite(score) ? score : 1_000 }];
        });
    },
  };
}

function findBeginnings(postings: ReadonlyMap<string, Posting[]>, word: string): readonly Posting[][] {
  if (word.length < beginningMin) return [];
  return [...postings].flatMap(([known, list]) =>
    known.startsWith(word) || (known.length >= beginningMin && word.startsWith(known)) ? [list] : [],
  );
}

function weighWords({ name, server, definition }: SearchableTool): ReadonlyMap<string, number> {
  const words = new Map<string, number>();
  const add = (text: unknown, weight: number): void => {
    if (typeof text !== 'string') return;
    for (const word of toWords(text.slice(0, textMax))) words.set(word, (words.get(word) ?? 0) + weight);
  };
  const { title, description, inputSchema } = definition as Readonly<Record<string, unknown>>;
  add(name, weights.name);
  add(title, weights.title);
  add(server, weights.server);
  add(description, weights.description);
  const properties = isObject(inputSchema) ? inputSchema['properties'] : undefined;
  if (!isObject(properties)) return words;
  for (const [key, property] of Object.entries(properties).slice(0, propertiesMax)) {
    add(key, weights.parameter);
    if (isObject(property)) add(property['description'], weights.parameter);
  }
  return words;
}

/** Words in lower case, camelCase and snake_case taken apart, plurals made one with their singular. */
function toWords(text: string): string[] {
  return text
    .normalize('NFKC')
    .replace(/(\p{Ll}|\d)(\p{Lu})/gu, '$1 $2')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '' && !empty.has(word))
    .map((word) => (/[^s]s$/.test(word) && word.length > beginningMin ? word.slice(0, -1) : word));
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
