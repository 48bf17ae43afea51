/** Audit: who did what, newest first, and whether the log is still what was once written. */
import { useState } from 'react';
import { toQuery } from '../node/ask.ts';
import { useAnswer } from '../node/use-answer.ts';
import { Card, Empty, Mark, Moment, PageTop, Told, Waiting, Wrong } from '../parts/parts.tsx';
import { toCount, toShown } from '../parts/shown-text.ts';

interface Entry {
  readonly position: number;
  readonly at: string;
  readonly principal: string;
  readonly action: string;
  readonly object: string;
  readonly outcome: string;
  readonly severity: string;
  readonly details: Readonly<Record<string, unknown>>;
  readonly hash: string;
}

interface Chain {
  readonly is_whole: boolean;
  readonly rows: number;
  readonly anchors: number;
  readonly anchored_to: number;
  readonly faults: readonly unknown[];
}

const rowsAsked = 100;

export default function Audit() {
  const [action, setAction] = useState('');
  const [severity, setSeverity] = useState('');
  const [principal, setPrincipal] = useState('');
  const [before, setBefore] = useState<number>();
  const chain = useAnswer<Chain>('/audit/verify');
  const { data, error } = useAnswer<{ entries: Entry[]; next: number | null }>(
    `/audit${toQuery({ limit: rowsAsked, action: action.trim(), severity, principal: principal.trim(), before })}`,
  );
  const next = data?.next ?? undefined;
  return (
    <>
      <PageTop title="Audit">
        Everything that was changed or refused. Each row seals the one before it, so nothing can be taken out
        or altered unseen.
      </PageTop>
      <Card
        title="The chain"
        note={
          <button className="quiet" onClick={chain.reload}>
            Check again
          </button>
        }
      >
        {chain.data === undefined ? <Waiting error={chain.error} /> : <ChainState chain={chain.data} />}
      </Card>
      <div className="filters filters-apart">
        <label>
          Action
          <input
            type="search"
            value={action}
            placeholder="all"
            onChange={(event) => setAction(event.target.value)}
          />
        </label>
        <label>
          Who
          <input
            value={principal}
            placeholder="anybody"
            onChange={(event) => setPrincipal(event.target.value)}
          />
        </label>
        <label>
          Severity
          <select value={severity} onChange={(event) => setSeverity(event.target.value)}>
            <option value="">every</option>
            {['LOW', 'MEDIUM', 'HIGH', 'CRITICAL'].map((one) => (
              <option key={one}>{one}</option>
            ))}
          </select>
        </label>
      </div>
      <Card title="Entries" note={data === undefined ? '' : `${data.entries.length} shown`}>
        <Wrong sentence={error} />
        {data === undefined ? null : <Entries entries={data.entries} />}
        <div className="actions">
          {before === undefined ? null : <button onClick={() => setBefore(undefined)}>Newest</button>}
          {next === undefined ? null : <button onClick={() => setBefore(next)}>Older</button>}
        </div>
      </Card>
    </>
  );
}

function ChainState({
  chain: { is_whole: isWhole, rows, anchors, anchored_to: to, faults },
}: {
  readonly chain: Chain;
}) {
  return (
    <p>
      <Mark state={isWhole ? 'whole' : 'broken'} tone={isWhole ? 'good' : 'bad'} />{' '}
      {isWhole
        ? `All ${toCount(rows)} rows are as they were written.`
        : `${faults.length} faults were found in ${toCount(rows)} rows.`}{' '}
      <span className="soft">
        {toCount(anchors)} anchors outside of the database vouch for it up to row {toCount(to)}.
      </span>
    </p>
  );
}

function Entries({ entries }: { readonly entries: readonly Entry[] }) {
  if (entries.length === 0) return <Empty>No entry matches.</Empty>;
  return (
    <div className="scroll">
      <table className="cards">
        <thead>
          <tr>
            <th>What</th>
            <th>Who</th>
            <th>On</th>
            <th>Outcome</th>
            <th>When</th>
            <th className="number">Row</th>
          </tr>
        </thead>
        <tbody>
          {entries.map((entry) => (
            <tr key={entry.position}>
              <td>
                <strong>{toShown(entry.action, 80)}</strong>{' '}
                {entry.severity === 'LOW' ? null : <Mark state={entry.severity} />}
              </td>
              <td>
                <Told text={entry.principal} max={60} />
              </td>
              <td className="small">
                <code title={JSON.stringify(entry.details).slice(0, 1_000)}>{toShown(entry.object, 60)}</code>
              </td>
              <td>
                <Mark state={entry.outcome} />
              </td>
              <td className="small soft">
                <Moment at={entry.at} />
              </td>
              <td className="number soft" title={entry.hash}>
                {entry.position}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
