/** What database and stream hold of shared contexts, read past the program's code, for the checker. */
import type { StoredEvent, Truth } from '../journeys/rig/truth.ts';
import type { ContextHistory, KeptVersion } from './context-history.ts';

/** True when every command is handled and every version is told: nothing waits on the bus or in the outbox. */
export async function isSettled(truth: Truth): Promise<boolean> {
  const [outbox] = await truth.rows<{ left: number }>('select count(*)::int as left from outbox');
  return outbox?.left === 0 && (await truth.unsettled('DREY_COMMANDS')) === 0;
}

/** A namespace's contexts, their versions, and what the stream tells of them. */
export async function readKept(truth: Truth, namespace: string): Promise<Omit<ContextHistory, 'commanded'>> {
  return {
    contexts: await truth.rows<KeptVersion>(
      `select id as "contextId", version::int, array(select json_object_keys(content)) as markers
       from contexts where namespace = $1`,
      [namespace],
    ),
    versions: await truth.rows<KeptVersion>(
      `select context_id as "contextId", version::int, array(select json_object_keys(changes)) as markers
       from context_versions where namespace = $1`,
      [namespace],
    ),
    events: (await truth.events()).filter((event) => isChangeIn(namespace, event)).map(toVersion),
  };
}

function isChangeIn(namespace: string, { namespace: of, actor, type }: StoredEvent): boolean {
  return of === namespace && actor.kind === 'context' && /^context\.(created|updated)$/.test(type);
}

function toVersion({ actor, data }: StoredEvent): KeptVersion {
  return {
    contextId: actor.id,
    version: Number(data['version']),
    markers: Object.keys(data['changes'] ?? {}),
  };
}
