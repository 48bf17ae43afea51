/** Actors: everything with a life of its own, by what it is, and the page of one. */
import { useState } from 'react';
import { useAnswer } from '../node/use-answer.ts';
import { Card, Empty, Id, Mark, More, PageTop, Stale, Told, Waiting } from '../parts/parts.tsx';
import { toShown } from '../parts/shown-text.ts';
import { Tabs } from '../parts/tabs.tsx';
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
  sop: 'Learned procedures',
};
const titles: Readonly<Record<string, string>> = {
  node: 'Nodes',
  session: 'Sessions',
  resource: 'Resources',
  breaker: 'Circuit breakers',
  learning: 'Learning',
  worker: 'Workers',
  run: 'Guided runs',
  context: 'Contexts',
  sop: 'Procedures',
};
/** Those with names are longer than half a line. */
const wideKinds = new Set(['session', 'run', 'sop']);

export default function Actors({ route }: { readonly route: Route }) {
  return route.id === '' ? <Directory /> : <ActorPage key={route.id} address={route.id} />;
}

const views = ['Directory', 'Tree'] as const;

function Directory() {
  const [words, setWords] = useState('');
  const [kind, setKind] = useState('');
  const [view, setView] = useState<(typeof views)[number]>('Directory');
  const { data, error } = useAnswer<{ actors: Actor[]; total: number }>('/actors', 4_000);
  const sought = words.toLowerCase();
  const found = data?.actors.filter(
    (actor) =>
      (kind === '' || actor.kind === kind) &&
      `${actor.namespace}/${actor.kind}/${actor.id} ${actor.states.join(' ')} ${actor.name ?? ''}`
        .toLowerCase()
        .includes(sought),
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
          placeholder="Search name, id or state"
          value={words}
          onChange={(event) => setWords(event.target.value)}
        />
        <select aria-label="Kind" value={kind} onChange={(event) => setKind(event.target.value)}>
          <option value="">every kind</option>
          {Object.keys(kinds).map((one) => (
            <option key={one} value={one}>
              {titles[one]}
            </option>
          ))}
        </select>
        <Tabs label="How to show them" names={views} shown={view} show={setView} className="in-filters" />
      </div>
      {found === undefined ? <Waiting error={error} /> : <Stale error={error} />}
      {found?.length === 0 ? <Empty>No actor matches.</Empty> : null}
      {found === undefined || found.length === 0 ? null : view === 'Tree' ? (
        <ActorTree actors={found} kinds={kinds} />
      ) : (
        <Groups actors={found} />
      )}
      <More count={data === undefined ? 0 : data.total - data.actors.length} what="actors" />
      {found?.some((actor) => actor.kind === 'sop') ? (
        <p className="small soft">Of procedures, the 300 that changed last are looked at.</p>
      ) : null}
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
    <Card
      title={titles[kind] ?? kind}
      {...(wideKinds.has(kind) ? {} : { className: 'half' })}
      note={`${actors.length}`}
    >
      <p className="small soft">{kinds[kind]}</p>
      <ul className="rows">
        {actors.slice(0, shownMax).map(({ namespace, id, states, name }) => (
          <li key={`${namespace} ${id}`}>
            <span className="grow">
              <a href={toHref('actors', `${namespace}/${kind}/${id}`)}>
                {name === undefined ? <Id id={id} /> : <Told text={name} max={160} />}
              </a>
              {name === undefined ? null : (
                <span className="small soft">
                  {' '}
                  <Id id={id} />
                </span>
              )}
            </span>
            <span className="small soft">{namespace === '_system' ? '' : toShown(namespace, 60)}</span>
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
