/** All actors as a tree: by kind down to the address, and below the learning engine the workers that it supervises. */
import { Card, Empty, Id, Mark, Told } from '../../parts/parts.tsx';
import { toShown } from '../../parts/shown-text.ts';
import { Tree } from '../../parts/tree.tsx';
import type { Branch } from '../../parts/tree.tsx';
import { toHref } from '../../router.ts';

/** An actor as the directory tells of it. */
export interface Actor {
  readonly namespace: string;
  readonly kind: string;
  readonly id: string;
  readonly node?: string;
  readonly states: readonly string[];
  /** By what people know it: a procedure's trigger, the task of a session or a run. */
  readonly name?: string;
}

/** Actors below one branch. */
const shownMax = 100;
/** Live somewhere else in the tree: below who supervises them. */
const supervised = 'worker';

interface ActorTreeProps {
  readonly actors: readonly Actor[];
  /** What each kind is, in the order of the tree. */
  readonly kinds: Readonly<Record<string, string>>;
}

export function ActorTree({ actors, kinds }: ActorTreeProps) {
  const found = [...new Set([...Object.keys(kinds), ...actors.map(({ kind }) => kind)])];
  const workers = actors.filter(({ kind }) => kind === supervised);
  const hasEngine = actors.some(({ kind }) => kind === 'learning');
  const roots = found.flatMap((kind): Branch[] => {
    const those = actors.filter((actor) => actor.kind === kind);
    if (those.length === 0 || (kind === supervised && hasEngine)) return [];
    return [
      {
        id: kind,
        shown: (
          <>
            <strong>{toShown(kind, 40)}</strong> <span className="small soft">{kinds[kind]}</span>
          </>
        ),
        state: <span className="small soft">{those.length}</span>,
        below: those
          .slice(0, shownMax)
          .map((actor) => toBranch(actor, kind === 'learning' ? workers.filter(isBeside(actor)) : [])),
        more: those.length - shownMax,
      },
    ];
  });
  return (
    <Card title="By what they are" note={`${actors.length}`}>
      {roots.length === 0 ? <Empty>There is none.</Empty> : <Tree label="All actors" roots={roots} />}
    </Card>
  );
}

/** In one process with it: an engine supervises the workers of its own process only. */
const isBeside =
  ({ node }: Actor) =>
  (other: Actor): boolean =>
    other.node === node;

function toBranch({ namespace, kind, id, states, name }: Actor, below: readonly Actor[]): Branch {
  return {
    id: `${namespace}/${kind}/${id}`,
    shown: (
      <>
        <a href={toHref('actors', `${namespace}/${kind}/${id}`)}>
          {name === undefined ? <code>{toShown(id, 120)}</code> : <Told text={name} max={160} />}
        </a>{' '}
        <span className="small soft">
          {name === undefined ? null : <Id id={id} />} {namespace === '_system' ? '' : toShown(namespace, 60)}
        </span>
      </>
    ),
    state: (
      <span className="marks">
        {states.slice(0, 4).map((state) => (
          <Mark key={state} state={state} />
        ))}
      </span>
    ),
    below: below.slice(0, shownMax).map((one) => toBranch(one, [])),
    more: below.length - shownMax,
  };
}
