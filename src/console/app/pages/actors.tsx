/** Actors: everything with a life of its own, by what it is, and the page of one. */
import { useState } from 'react';
import { useAnswer } from '../node/use-answer.ts';
import { Card, Empty, Id, Mark, More, PageTop, Stale, Waiting } from '../parts/parts.tsx';
import { toHref } from '../router.ts';
import type { Route } from '../router.ts';
import { ActorPage } from './actor/actor-page.tsx';
import { ActorTree } from './actor/actor-tree.tsx';
import type { Actor } from './actor/actor-tree.tsx';

/** Actors shown of one kind. */
const shownMax = 100;

const kinds: Readonly<Record<string, string>> = {
  node: 'The processes themselves',
  session: 'Agents that are connected',
  resource: 'What the node stands on: tool servers, bus, database',
  breaker: 'Fuses: they stop calls to what keeps failing',
  learning: 'The engine that learns',
  worker: 'Its workers',
  run: 'Procedures that are being followed',
  context: 'Shared contexts',
  sop: 'Learned procedures, by their ids; “Procedures” shows them by their tasks',
};

export default function Actors({ route }: { readonly route: Route }) {
  return route.id === '' ? <Directory /> : <ActorPage key={route.id} address={route.id} />;
}

const views = ['Directory', 'Tree'] as const;

function Directory() {
  const [words, setWords] = useState('');
  const [view, setView] = useState<(typeof views)[number]>('Directory');
  const { data, error } = useAnswer<{ actors: Actor[]; total: number }>('/actors', 4_000);
  const sought = words.toLowerCase();
  const found = data?.actors.filter(({ namespace, kind, id, states }) =>
    `${namespace}/${kind}/${id} ${states.join(' ')}`.toLowerCase().includes(sought),
  );
  return (
    <>
      <PageTop title="Actors">
        Drey is made of small parts with a life of their own. Each is always in one known state; open one to
        see which states there are and how it came to where it is.
      </PageTop>
      <div className="filters">
        <input
          type="search"
          aria-label="Search actors"
          placeholder="Search id, kind or state"
          value={words}
          onChange={(event) => setWords(event.target.value)}
        />
        <div className="tabs in-filters" role="tablist" aria-label="How to show them">
          {views.map((name) => (
            <button key={name} role="tab" aria-selected={view === name} onClick={() => setView(name)}>
              {name}
            </button>
          ))}
        </div>
      </div>
      {found === undefined ? <Waiting error={error} /> : <Stale error={error} />}
      {found?.length === 0 ? <Empty>No actor matches.</Empty> : null}
      {found === undefined ? null : view === 'Tree' ? (
        <ActorTree actors={found} kinds={kinds} />
      ) : (
        <Groups actors={found} />
      )}
      <More count={data === undefined ? 0 : data.total - data.actors.length} what="actors" />
      <p className="small soft">Of procedures, the 300 newest are shown.</p>
    </>
  );
}

function Groups({ actors }: { readonly actors: readonly Actor[] }) {
  const groups = [...new Set([...Object.keys(kinds), ...actors.map(({ kind }) => kind)])];
  return (
    <div className="grid">
      {groups.map((kind) => {
        const those = actors.filter((actor) => actor.kind === kind);
        return those.length === 0 ? null : <Group key={kind} kind={kind} actors={those} />;
      })}
    </div>
  );
}

function Group({ kind, actors }: { readonly kind: string; readonly actors: readonly Actor[] }) {
  return (
    <Card title={`${kind[0]?.toUpperCase()}${kind.slice(1)}`} className="half" note={`${actors.length}`}>
      <p className="small soft">{kinds[kind]}</p>
      <ul className="rows">
        {actors.slice(0, shownMax).map(({ namespace, id, states }) => (
          <li key={`${namespace} ${id}`}>
            <a className="grow" href={toHref('actors', `${namespace}/${kind}/${id}`)}>
              <Id id={id} />
            </a>
            <span className="small soft">{namespace === '_system' ? '' : namespace}</span>
            {states.slice(0, 4).map((state) => (
              <Mark key={state} state={state} />
            ))}
          </li>
        ))}
      </ul>
      <More count={actors.length - shownMax} what="of this kind" />
    </Card>
  );
}
