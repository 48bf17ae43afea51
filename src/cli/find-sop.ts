/** Finds the one procedure that a person means, by its id or a beginning of it; it never guesses between two. */
import { DreyError, isDreyError } from '../../machines/words/errors.ts';
import { findNode } from './node-address.ts';
import type { NodeOptions } from './node-address.ts';
import type { Answer, NodeClient, Query } from './node-client.ts';
import type { World } from './world.ts';

/** SOPs in one answer of the node. */
export const sopPageSize = 200;
/** SOPs among which the beginning of an id is looked for. */
const searchedMax = 2_000;
/** A list leaves out what was put away, unless it is asked for. */
const asked = [undefined, 'deprecated', 'retired'] as const;
/** Shorter beginnings say too little. */
const beginningCharsMin = 4;

/** The SOP of that id, or the only one whose id begins like that. */
export async function findSop(client: NodeClient, id: string, query: Query): Promise<Answer> {
  const read = (whole: string): Promise<Answer> => client.get(`/sops/${encodeURIComponent(whole)}`, query);
  try {
    return await read(id);
  } catch (error) {
    if (!isDreyError(error) || error.code !== 'sop_unknown' || id.length < beginningCharsMin) throw error;
    const all: string[] = [];
    for (const status of asked) all.push(...(await findByBeginning(client, id, { ...query, status })));
    const found = [...new Set(all)];
    if (found.length === 0) throw error;
    if (found.length === 1) return read(found[0] ?? id);
    const sentence = `${found.length} SOPs have an id that begins with ${id}; write more of it.`;
    throw new DreyError('argument_invalid', sentence, { cause: error });
  }
}

async function findByBeginning(client: NodeClient, beginning: string, query: Query): Promise<string[]> {
  const [{ SopsAnswer, parseAnswer }] = await openViews();
  const found: string[] = [];
  let cursor: string | undefined;
  for (let looked = 0; looked < searchedMax; looked += sopPageSize) {
    const answer = await client.get('/sops', { ...query, limit: sopPageSize, cursor });
    const { sops, next } = parseAnswer(SopsAnswer, answer.value, 'a list of SOPs');
    found.push(...sops.map((sop) => sop.sop_id).filter((id) => id.startsWith(beginning)));
    if (next === null) break;
    cursor = next;
  }
  return found;
}

/** A client of the node that the options name. */
export async function openClient(world: World, options: NodeOptions): Promise<NodeClient> {
  const [address, { openNodeClient }] = await Promise.all([
    findNode(world, options),
    import('./node-client.ts'),
  ]);
  return openNodeClient(address);
}

/** What reads and shows answers, loaded when it is needed. */
export function openViews() {
  return Promise.all([import('./views/answers.ts'), import('./views/sops-view.ts')]);
}
