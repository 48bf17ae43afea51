/** The calls that prove a procedure, by the task they were made for, down to what went in and came out of each. */
import { useState } from 'react';
import { part, toQuery } from '../../node/ask.ts';
import type { Episode, ProvingCall, Sop } from '../../node/told.ts';
import { useAnswer } from '../../node/use-answer.ts';
import { Card, Empty, Id, Mark, Moment, Stale, Told, Waiting, Wrong } from '../../parts/parts.tsx';
import { toPlural, toText } from '../../parts/shown-text.ts';

const callsAskedMax = 50;
const valueShownMax = 4_000;

export function Evidence({ sop }: { readonly sop: Sop }) {
  const { data, error } = useAnswer<{ calls: ProvingCall[]; next: string | null }>(
    `/sops/${part(sop.sop_id)}/evidence${toQuery({ limit: callsAskedMax })}`,
  );
  const [open, setOpen] = useState<string>();
  if (data === undefined) return <Waiting error={error} />;
  const proving = new Set(sop.evidence);
  const episodes = [...new Set(data.calls.map(({ episode_id: id }) => id))];
  const shown = open ?? episodes[0];
  return (
    <Card
      title="Tasks that went well this way"
      note={`${toPlural(episodes.length, 'task')}, ${toPlural(data.calls.length, 'call')}${data.next === null ? '' : ', older ones left out'}`}
    >
      <Stale error={error} />
      {episodes.length === 0 ? (
        <Empty>It was written by hand or learned elsewhere: there are no calls of our own to show.</Empty>
      ) : null}
      {episodes.map((id) => (
        <OneTask
          key={id}
          id={id}
          proving={proving}
          isOpen={shown === id}
          toggle={() => setOpen(shown === id ? '' : id)}
          calls={data.calls.filter((call) => call.episode_id === id).length}
        />
      ))}
    </Card>
  );
}

interface OneTaskProps {
  readonly id: string;
  readonly proving: ReadonlySet<string>;
  readonly isOpen: boolean;
  readonly toggle: () => void;
  readonly calls: number;
}

function OneTask({ id, proving, isOpen, toggle, calls }: OneTaskProps) {
  const { data, error } = useAnswer<Episode>(`/episodes/${part(id)}`);
  return (
    <section className="task">
      <button className="task-head" aria-expanded={isOpen} onClick={toggle}>
        <span className="grow">
          {data === undefined ? <Id id={id} /> : <Told text={data.task || 'No task was stated.'} max={200} />}
        </span>
        {data === undefined ? null : <Mark state={data.outcome} />}
        <span className="small soft">{toPlural(calls, 'call')}</span>
        {data === undefined ? null : <Moment at={data.ended_at} />}
      </button>
      <Wrong sentence={error} />
      {isOpen && data !== undefined ? (
        <>
          <ol className="calls">
            {data.calls.map((call, index) => (
              <OneCall
                key={call.call_id}
                call={call}
                ordinal={index + 1}
                isProof={proving.has(call.call_id)}
              />
            ))}
          </ol>
          <p className="small soft task-foot">
            Done by <Told text={data.principal} max={80} /> in session <Id id={data.session} />. Calls marked
            “proof” are those the steps were learned from.
          </p>
        </>
      ) : null}
    </section>
  );
}

interface OneCallProps {
  readonly call: Episode['calls'][number];
  readonly ordinal: number;
  readonly isProof: boolean;
}

function OneCall({ call, ordinal, isProof }: OneCallProps) {
  return (
    <li>
      <details>
        <summary>
          <span className="ordinal">{ordinal}</span> <strong>{toText(call.name, 120)}</strong>{' '}
          {isProof ? <Mark state="proof" tone="accent" /> : null}{' '}
          {call.error ? <Mark state="failed" /> : null}{' '}
          <span className="small soft">
            <Told text={toText(call.args ?? {}, 2_000).replaceAll(/\s+/g, ' ')} max={90} />
          </span>
        </summary>
        <h3>What went in</h3>
        <pre className="value" tabIndex={0}>
          {call.args === null ? 'not recorded' : toText(call.args, valueShownMax)}
        </pre>
        <h3>What came out</h3>
        <pre className="value" tabIndex={0}>
          {call.result === null ? 'not recorded' : toText(call.result, valueShownMax)}
        </pre>
        <p className="small soft">
          <Id id={call.call_id} /> · <Moment at={call.at} />
        </p>
      </details>
    </li>
  );
}
