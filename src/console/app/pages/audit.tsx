/** Audit: who did what, newest first, and whether the log is still what was once written. */
import { useEffect, useState } from 'react';
import { toQuery } from '../node/ask.ts';
import { useAnswer } from '../node/use-answer.ts';
import { Card, Empty, Mark, Moment, PageTop, Stale, Told, Waiting } from '../parts/parts.tsx';
import { toCount, toShown, toText } from '../parts/shown-text.ts';
import { toHref } from '../router.ts';

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

interface Filter {
  readonly action: string;
  readonly severity: string;
  readonly principal: string;
}

const rowsAsked = 100;
const detailsShownMax = 2_000;
/** A filter is asked for once nobody types for so long. */
const settleMs = 300;

export default function Audit() {
  const [typed, setTyped] = useState<Filter>({ action: '', severity: '', principal: '' });
  const filter = useSettled(typed);
  // A place in one list is none in another: it goes with the filter that it belongs to.
  const [page, setPage] = useState<{ of: Filter; before: number }>();
  const before = page?.of === filter ? page.before : undefined;
  const chain = useAnswer<Chain>('/audit/verify');
  const { data, error } = useAnswer<{ entries: Entry[]; next: number | null }>(
    `/audit${toQuery({ limit: rowsAsked, ...filter, before })}`,
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
        {chain.data === undefined ? <Waiting error={chain.error} /> : <Stale error={chain.error} />}
        {chain.data === undefined ? null : <ChainState chain={chain.data} />}
      </Card>
      <Filters
        filter={typed}
        known={[...new Set(data?.entries.map(({ action }) => action))]}
        change={(changes) => setTyped({ ...typed, ...changes })}
      />
      <Card title="Entries" note={data === undefined ? '' : `${data.entries.length} shown`}>
        {data === undefined ? <Waiting error={error} /> : <Stale error={error} />}
        {data === undefined ? null : <Entries entries={data.entries} />}
        <div className="actions">
          {before === undefined ? null : <button onClick={() => setPage(undefined)}>Newest</button>}
          {next === undefined ? null : (
            <button onClick={() => setPage({ of: filter, before: next })}>Older</button>
          )}
        </div>
      </Card>
    </>
  );
}

/** The filter as it was when nobody had changed it for a moment; the same object until then. */
function useSettled(typed: Filter): Filter {
  const [settled, setSettled] = useState(typed);
  useEffect(() => {
    const settling = setTimeout(
      () =>
        setSettled((before) => {
          const now = { ...typed, action: typed.action.trim(), principal: typed.principal.trim() };
          return toQuery({ ...before }) === toQuery({ ...now }) ? before : now;
        }),
      settleMs,
    );
    return () => clearTimeout(settling);
  }, [typed]);
  return settled;
}

interface FiltersProps {
  readonly filter: Filter;
  /** Actions that are offered: an entry matches a whole one. */
  readonly known: readonly string[];
  readonly change: (changes: Partial<Filter>) => void;
}

function Filters({ filter, known, change }: FiltersProps) {
  return (
    <div className="filters filters-apart">
      <label>
        Action
        <input
          type="search"
          value={filter.action}
          placeholder="all"
          list="actions"
          onChange={(event) => change({ action: event.target.value })}
        />
        <datalist id="actions">
          {known.map((one) => (
            <option key={one} value={one} />
          ))}
        </datalist>
      </label>
      <label>
        Who
        <input
          value={filter.principal}
          placeholder="anybody"
          onChange={(event) => change({ principal: event.target.value })}
        />
      </label>
      <label>
        Severity
        <select value={filter.severity} onChange={(event) => change({ severity: event.target.value })}>
          <option value="">every</option>
          {['LOW', 'MEDIUM', 'HIGH', 'CRITICAL'].map((one) => (
            <option key={one}>{one}</option>
          ))}
        </select>
      </label>
    </div>
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

/** What it was done to, and its page where it has one. */
function Target({ object }: { readonly object: string }) {
  const shown = <code>{toShown(object, 60)}</code>;
  const [, kind = '', id = ''] = /^(?:(run)\/)?([pu]-[0-9a-f-]{36})$/.exec(object) ?? [];
  if (id === '') return shown;
  return <a href={toHref(kind === 'run' ? 'runs' : 'sops', id)}>{shown}</a>;
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
                <details className="entry">
                  <summary>
                    <strong>{toShown(entry.action, 80)}</strong>{' '}
                    {entry.severity === 'LOW' ? null : <Mark state={entry.severity} />}
                  </summary>
                  <pre className="value" tabIndex={0}>
                    {toText(entry.details, detailsShownMax)}
                  </pre>
                  <p className="small soft">sealed by {toShown(entry.hash, 80)}</p>
                </details>
              </td>
              <td>
                <Told text={entry.principal} max={60} />
              </td>
              <td className="small">
                <Target object={entry.object} />
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
