/**
 * Whether a URI could have come out of a URI template (RFC 6570, all operators that MCP servers use); values are not
 * looked into closely. It is judged as an automaton, character by character: no template can make it slow.
 */

/** One step of the automaton: this character, or a run of allowed ones. */
type Step =
  | { readonly kind: 'character'; readonly character: string }
  | { readonly kind: 'run'; readonly isAllowed: (character: string) => boolean };

export interface UriPattern {
  /** Characters that stand for themselves: of several templates the more literal one is the better match. */
  readonly literals: number;
  matches(uri: string): boolean;
}

const templateMax = 1_000;
const uriMax = 4_000;
/** What a value may hold, by the operator of its expression. */
const valueIn: Readonly<Record<string, (character: string) => boolean>> = {
  '+': () => true,
  '#': () => true,
  '/': (character) => !'?#'.includes(character),
  '?': (character) => character !== '#',
  '&': (character) => character !== '#',
};
const plainValue = (character: string): boolean => !'/?#'.includes(character);
/** The character with which an expression begins; a missing value leaves it out, so it is part of the run. */
const leads = new Set(['#', '.', '/', ';', '?', '&']);

/** Reads a template; undefined for one that is malformed or too long. */
export function parseUriTemplate(template: string): UriPattern | undefined {
  if (template.length > templateMax) return undefined;
  const steps: Step[] = [];
  let literals = 0;
  for (const part of template.split(/(\{[^{}]*\})/)) {
    if (!part.startsWith('{')) {
      if (/[{}]/.test(part)) return undefined;
      for (const character of part) steps.push({ kind: 'character', character });
      literals += part.length;
    } else {
      const operator = part[1] ?? '';
      const isAllowed = valueIn[operator] ?? plainValue;
      steps.push({
        kind: 'run',
        isAllowed: leads.has(operator) ? (one) => one === operator || isAllowed(one) : isAllowed,
      });
    }
  }
  return { literals, matches: (uri) => uri.length <= uriMax && isMatch(uri, steps) };
}

/** All places the automaton can be in at once; a run may be empty, as a value may. */
function isMatch(uri: string, steps: readonly Step[]): boolean {
  let places = withRuns(new Set([0]), steps);
  for (const character of uri) {
    const next = new Set<number>();
    for (const place of places) {
      const step = steps[place];
      if (step?.kind === 'character' && step.character === character) next.add(place + 1);
      if (step?.kind === 'run' && step.isAllowed(character)) next.add(place);
    }
    if (next.size === 0) return false;
    places = withRuns(next, steps);
  }
  return places.has(steps.length);
}

function withRuns(places: Set<number>, steps: readonly Step[]): Set<number> {
  // A set that is grown while it is walked is walked to its new end.
  for (const place of places) if (steps[place]?.kind === 'run') places.add(place + 1);
  return places;
}
