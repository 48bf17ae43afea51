/**
 * The id of an agent as a principal: the same agent, whatever key or token it shows, and never the same in two
 * namespaces, for connections, feedback and support are counted by it.
 */
import { toDigest } from '../../machines/words/ids.ts';

/** Characters of a namespace that are shown; a longer one is cut and told apart by its digest. */
const shownMax = 64;

/** `agent@namespace`, at most 122 characters; no agent is called like the node's own user, whose id has no `@`. */
export function toPrincipalId(namespace: string, agent: string): string {
  if (namespace.length <= shownMax) return `${agent}@${namespace}`;
  return `${agent}@${namespace.slice(0, shownMax)}~${toDigest(namespace).slice(0, 16)}`;
}
