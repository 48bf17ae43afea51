/** What an actor holds now, or held at an event of its past, as the node folds it from the stored events; marked which. */
import { useEffect, useState } from 'react';
import { part, toQuery } from '../../node/ask.ts';
import type { ToldEvent } from '../../node/told.ts';
import { useAnswer } from '../../node/use-answer.ts';
import { Card, Moment } from '../../parts/parts.tsx';
import { toText } from '../../parts/shown-text.ts';
import { parseAddress } from './use-actor.ts';

/** Characters of a context that are shown. */
const contextShownMax = 6_000;
/** A slider that is pulled passes many places; only where it rests is asked for. */
const restMs = 120;

interface Then {
  readonly context: unknown;
  readonly since: { readonly sequence: number; readonly at: string; readonly event: string } | null;
  readonly differences: number;
}

interface HeldProps {
  readonly address: string;
  readonly events: readonly ToldEvent[];
  /** Where the slider stands; undefined is now. */
  readonly place: number | undefined;
  /** What it holds now; undefined where nobody tells. */
  readonly context: unknown;
}

/** One that lives no more, or has no machine, is shown as of its last event. */
export function Held({ address, events, place, context }: HeldProps) {
  if (place !== undefined)
    return <HeldThen title="What it held then" address={address} event={events[place]} />;
  if (context === undefined && events.length > 0)
    return <HeldThen title="What it held last" address={address} event={events.at(-1)} />;
  return (
    <Card title="What it holds" className="third" note="now; secrets are taken out">
      <pre className="value" tabIndex={0}>
        {context === undefined ? 'nothing was told yet' : toText(context, contextShownMax)}
      </pre>
    </Card>
  );
}

interface HeldThenProps {
  readonly title: string;
  readonly address: string;
  readonly event: ToldEvent | undefined;
}

function HeldThen({ title, address, event }: HeldThenProps) {
  const { namespace, kind, id } = parseAddress(address);
  const sequence = useRested(event?.sequence);
  const base = `/actors/${part(kind)}/${part(id)}/then`;
  const path = sequence === undefined ? undefined : `${base}${toQuery({ namespace, sequence })}`;
  // By its key each place is a place of its own: nothing of another one is ever shown for it.
  return (
    <Card title={title} className="third" note="secrets are taken out">
      {path === undefined || sequence === undefined || sequence !== event?.sequence ? (
        <p className="small soft">Folding its events up to there…</p>
      ) : (
        <Folded key={path} path={path} sequence={sequence} />
      )}
    </Card>
  );
}

function Folded({ path, sequence }: { readonly path: string; readonly sequence: number }) {
  const { data, error } = useAnswer<Then>(path);
  if (error !== '') return <p className="small soft">It cannot be told what it held. {error}</p>;
  if (data === undefined) return <p className="small soft">Folding its events up to there…</p>;
  const { since, differences, context } = data;
  if (since === null)
    return (
      <p className="small soft">
        It had not changed its state yet; the first change tells what it began with.
      </p>
    );
  return (
    <>
      <p className="small soft">
        After <code>{since.event}</code>, <Moment at={since.at} />.
        {since.sequence === sequence
          ? null
          : ' What it counted after that is told with its next change of state.'}
        {differences === 0 ? null : ' Older events are gone: what only they told is missing.'}
      </p>
      <pre className="value" tabIndex={0}>
        {toText(context, contextShownMax)}
      </pre>
    </>
  );
}

/** A value that has not changed for a moment. */
function useRested<T>(value: T): T | undefined {
  const [rested, setRested] = useState<T>();
  useEffect(() => {
    const timer = setTimeout(() => setRested(value), restMs);
    return () => clearTimeout(timer);
  }, [value]);
  return rested;
}
