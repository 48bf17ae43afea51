/** One actor: its chart with the state it is in, what it holds, and its events with a slider through its life. */
import { Suspense, lazy, useMemo, useState } from 'react';
import { toQuery } from '../../node/ask.ts';
import { toSummary } from '../../node/summary.ts';
import type { ToldEvent } from '../../node/told.ts';
import { useAnswer } from '../../node/use-answer.ts';
import { Card, Empty, Mark, Moment, PageTop, Stale, Told, Waiting, Wrong } from '../../parts/parts.tsx';
import { toPlural, toShown } from '../../parts/shown-text.ts';
import { toHref } from '../../router.ts';
import type { Actor } from './actor-tree.tsx';
import { Held } from './held.tsx';
import { toLit, toLitThen, toStatechart } from './statechart.ts';
import { parseAddress, useActorNow, useHistory } from './use-actor.ts';

const Graph = lazy(() => import('../../parts/graph.tsx'));
/** Events shown around the one that the slider stands on. */
const around = 12;
const namedEveryMs = 15_000;

export function ActorPage({ address }: { readonly address: string }) {
  const { kind, id } = parseAddress(address);
  const { now, error } = useActorNow(address);
  const [turn, setTurn] = useState(0);
  const history = useHistory(address, turn);
  const [place, setPlace] = useState<number>();
  const events = history.events ?? [];
  // The end of its life is now, which goes on.
  const goTo = (to: number | undefined): void => setPlace(to === events.length - 1 ? undefined : to);
  const past = place === undefined ? undefined : toStateAt(events, place);
  const chart = useMemo(() => toStatechart(now?.definition ?? '{}'), [now?.definition]);
  const nowLit = useMemo(() => toLit(now?.value), [now?.value]);
  const lit = past === undefined ? nowLit : toLitThen(chart, past);
  return (
    <>
      <p className="small">
        <a href={toHref('actors')}>← All actors</a>
      </p>
      <PageTop title={`${kind} ${toShown(id, 60)}`}>
        <Named address={address} />
        {place === undefined ? 'It is now' : 'It was then'}{' '}
        {(past === undefined ? [...nowLit] : [past]).map((state) => (
          <Mark key={state} state={state} />
        ))}
      </PageTop>
      <Wrong sentence={error} />
      <div className="grid">
        <Card title="What it can be" className="wide" note={`${chart.boxes.length} states`}>
          {chart.boxes.length === 0 ? (
            <Empty>Nothing is told of its states; it may have ended.</Empty>
          ) : (
            <Suspense fallback={<Empty>Drawing…</Empty>}>
              <Graph
                boxes={chart.boxes}
                lines={chart.lines}
                lit={lit}
                direction="TB"
                label={`The states of this ${kind}`}
              />
            </Suspense>
          )}
        </Card>
        <Held address={address} events={events} place={place} context={now?.context} />
        <Card title="Its life" note={toPlural(events.length, 'event')}>
          {history.events === undefined ? (
            <Waiting error={history.error} />
          ) : (
            <>
              <Stale error={history.error} />
              <Life events={events} place={place} setPlace={goTo} reload={() => setTurn(turn + 1)} />
            </>
          )}
        </Card>
      </div>
    </>
  );
}

/** Where an actor of this kind has a page of its own. */
const pagesOf: Readonly<Record<string, string>> = { sop: 'sops', run: 'runs' };

/** By what people know it, before its state. */
function Named({ address }: { readonly address: string }) {
  const { namespace, kind, id } = parseAddress(address);
  const { data } = useAnswer<{ actors: Actor[] }>(`/actors${toQuery({ namespace, kind, id })}`, namedEveryMs);
  const name = data?.actors[0]?.name;
  const page = pagesOf[kind];
  if (name === undefined) return null;
  return (
    <span className="named">
      {page === undefined ? (
        <Told text={name} max={200} />
      ) : (
        <a href={toHref(page, id)}>
          <Told text={name} max={200} />
        </a>
      )}
    </span>
  );
}

interface LifeProps {
  readonly events: readonly ToldEvent[];
  readonly place: number | undefined;
  readonly setPlace: (place: number | undefined) => void;
  readonly reload: () => void;
}

function Life({ events, place, setPlace, reload }: LifeProps) {
  if (events.length === 0) return <Empty>No event of it is stored.</Empty>;
  const at = place ?? events.length - 1;
  const first = Math.max(0, Math.min(at - around / 2, events.length - around));
  return (
    <div className="slider">
      <label>
        {place === undefined ? 'Move to go back in time' : `Event ${at + 1} of ${events.length}`}
        <input
          type="range"
          min={0}
          max={events.length - 1}
          value={at}
          onChange={(event) => setPlace(Number(event.target.value))}
        />
      </label>
      <div className="actions">
        <button onClick={reload}>Read again</button>
        {place === undefined ? null : <button onClick={() => setPlace(undefined)}>Back to now</button>}
      </div>
      <ul className="rows">
        {events.slice(first, first + around).map((event, index) => (
          <li key={`${event.id} ${event.at}`} aria-current={first + index === at ? 'step' : undefined}>
            <button className="link" onClick={() => setPlace(first + index)}>
              {event.type}
            </button>
            <span className="grow">
              <Told text={toSummary(event)} max={160} />
            </span>
            <Moment at={event.at} />
          </li>
        ))}
      </ul>
    </div>
  );
}

/** Where its edges had led by then; undefined before the first one. */
function toStateAt(events: readonly ToldEvent[], place: number): string | undefined {
  const edge = events.slice(0, place + 1).findLast(({ data }) => typeof data?.['to'] === 'string');
  const to = edge?.data?.['to'];
  return typeof to === 'string' ? to : undefined;
}
