/** Procedures: the list with what stands behind each, and the page of one. */
import { useState } from 'react';
import { toQuery } from '../node/ask.ts';
import type { Sop } from '../node/told.ts';
import { useAnswer } from '../node/use-answer.ts';
import { Card, Empty, Mark, Meter, Moment, PageTop, Stale, Told, Waiting } from '../parts/parts.tsx';
import { toPlural } from '../parts/shown-text.ts';
import { toHref } from '../router.ts';
import type { Route } from '../router.ts';
import { SopPage } from './sop/sop-page.tsx';
import { meanings, statuses } from './sop/wording.ts';

const pageRows = 50;
/** Rows the list grows to. */
const rowsMax = 200;

export default function Sops({ route }: { readonly route: Route }) {
  return route.id === '' ? <SopList /> : <SopPage key={route.id} id={route.id} />;
}

function SopList() {
  const [status, setStatus] = useState('');
  const [words, setWords] = useState('');
  const [limit, setLimit] = useState(pageRows);
  const { data, error } = useAnswer<{ sops: Sop[]; next: string | null }>(
    `/sops${toQuery({ status, limit })}`,
    10_000,
  );
  const sought = words.toLowerCase().split(/\s+/).filter(Boolean);
  const shown = data?.sops.filter((sop) => {
    const text = [sop.trigger, ...sop.procedure.map(({ tool }) => tool), ...(sop.metadata.wordings ?? [])]
      .join(' ')
      .toLowerCase();
    return sought.every((word) => text.includes(word));
  });
  return (
    <>
      <PageTop title="Procedures">
        What Drey has learned: when several tasks of one kind went well, it keeps the steps they had in common
        and hands them to the next agent that is asked for the same.
      </PageTop>
      <div className="filters">
        <input
          type="search"
          aria-label="Search procedures"
          placeholder="Search task or tool"
          value={words}
          onChange={(event) => setWords(event.target.value)}
        />
        <select aria-label="Status" value={status} onChange={(event) => setStatus(event.target.value)}>
          <option value="">every status</option>
          {statuses.map((one) => (
            <option key={one}>{one}</option>
          ))}
        </select>
        {status === '' ? null : <span className="small soft">{meanings[status]}</span>}
      </div>
      <Card
        title="Learned"
        note={shown === undefined ? '' : `${shown.length}${data?.next ? ' and more' : ''}`}
      >
        {shown === undefined ? null : <Stale error={error} />}
        {shown === undefined ? (
          <Waiting error={error} />
        ) : (
          <Rows sops={shown} isNarrowed={status !== '' || sought.length > 0} />
        )}
        {data?.next && limit < rowsMax ? (
          <button className="more" onClick={() => setLimit(rowsMax)}>
            Show more
          </button>
        ) : null}
      </Card>
    </>
  );
}

function Rows({ sops, isNarrowed }: { readonly sops: readonly Sop[]; readonly isNarrowed: boolean }) {
  if (sops.length === 0)
    return isNarrowed ? (
      <Empty>Nothing matches.</Empty>
    ) : (
      <Empty>
        Nothing learned yet. Connect an agent and let it do the same kind of task three times, or bring what
        it did before with <code>drey import</code>.
      </Empty>
    );
  return (
    <div className="scroll">
      <table className="cards">
        <thead>
          <tr>
            <th>When the task is like</th>
            <th>Status</th>
            <th>Confidence</th>
            <th className="number">Learned from</th>
            <th>Last seen</th>
          </tr>
        </thead>
        <tbody>
          {sops.map((sop) => (
            <tr key={sop.sop_id} className="sop-row">
              <td>
                <a href={toHref('sops', sop.sop_id)}>
                  <Told text={sop.trigger} max={180} />
                </a>
                <span className="steps-line">
                  <Told
                    text={sop.procedure.map(({ tool }) => tool).join(' → ') || `${sop.steps.length} steps`}
                    max={180}
                  />
                </span>
              </td>
              <td>
                <Mark state={sop.metadata.status} title={meanings[sop.metadata.status] ?? ''} />
                {sop.metadata.part_of === undefined ? null : (
                  <>
                    {' '}
                    <Mark
                      state="part"
                      title={`a part that ${toPlural(sop.metadata.part_of.length, 'procedure')} have in common`}
                    />
                  </>
                )}
              </td>
              <td>
                <Meter value={sop.confidence} label="how likely it is right" />
              </td>
              <td className="number">{toPlural(sop.occurrences, 'task')}</td>
              <td className="soft small">
                {sop.metadata.last_seen_at === undefined ? '–' : <Moment at={sop.metadata.last_seen_at} />}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
