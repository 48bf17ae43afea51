/** The door of memory: pure rules for tags, likeness, contradictions, ranking and the graph's weights. */
export { findAutoTags } from './auto-tags.ts';
export { findContradiction } from './contradiction.ts';
export type { Contradiction } from './contradiction.ts';
export { findLikeness, toGist } from './gist.ts';
export { fade, findWay, strengthen, weightMin } from './graph.ts';
export type { Link } from './graph.ts';
export { fuse, toRelevances } from './rank.ts';
export type { WordWeight } from './rank.ts';
export { isSlip, isSpellable } from './slip.ts';
export { addUseTags } from './use-tags.ts';
export { toWords } from './words.ts';
