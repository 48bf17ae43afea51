/** Runs: procedures that are being followed one call at a time, with those that wait for a person first. */
import { useState } from 'react';
import type { ReactNode } from 'react';
import { toQuery } from '../node/ask.ts';
import { useAnswer } from '../node/use-answer.ts';
import { Card, Empty, Mark, Moment, PageTop, Stale, Told, Waiting } from '../parts/parts.tsx';
import { toHref } from '../router.ts';
import type { Route } from '../router.ts';
import { RunPage } from './run/run-page.tsx';
import { meanings, toBegun } from './run/run.ts';
import type { RunListed } from './run/run.ts';

const runsAskedMax = 50;
/** Pages that are asked for again and again at a time. */
const pagesShownMax = 10;

export default function Runs({ route }: { readonly route: Route }) {
  return route.id === '' ? <RunList /> : <RunPage key={route.id} id={route.id} />;
}

function RunList() {
  return (
    <>
      <PageTop title="Runs">
        A run follows a procedure step by step. It stops where a value is missing and before a call that a
        person has to agree to.
      </PageTop>
      <Pages title="Waiting for a person" waiting="true">
        Nothing waits for anybody.
      </Pages>
      <Pages title="All others" waiting="false" className="more">
        None besides. An agent follows a procedure by a run with the tool <code>sop</code>, you with “Follow
        it” on the procedure’s page, or with <code>drey sops run</code>.
      </Pages>
    </>
  );
}

interface PagesProps {
  readonly title: string;
  readonly waiting: 'true' | 'false';
  readonly className?: string;
  /** What is said where there is none. */
  readonly children: ReactNode;
}

function Pages({ title, waiting, className, children }: PagesProps) {
  const [count, setCount] = useState(1);
  return (
    <Card title={title} {...(className === undefined ? {} : { className })}>
      <Page waiting={waiting} left={count} more={() => setCount((before) => before + 1)}>
        {children}
      </Page>
    </Card>
  );
}

interface PageProps {
  readonly waiting: 'true' | 'false';
  readonly cursor?: string;
  /** Pages to show, this one included. */
  readonly left: number;
  readonly more: () => void;
  readonly at?: number;
  readonly children: ReactNode;
}

/** One page, and behind it the next ones that were asked for. */
function Page({ waiting, cursor, left, more, at = 1, children }: PageProps) {
  const path = `/runs${toQuery({ waiting, cursor, limit: runsAskedMax })}`;
  const { data, error } = useAnswer<{ runs: RunListed[]; next: string | null }>(path, 4_000);
  if (data === undefined) return <Waiting error={error} />;
  return (
    <>
      <Stale error={error} />
      {data.runs.length === 0 && at === 1 ? <Empty>{children}</Empty> : null}
      <Rows runs={data.runs} />
      {data.next === null ? null : left > 1 ? (
        <Page waiting={waiting} cursor={data.next} left={left - 1} more={more} at={at + 1}>
          {children}
        </Page>
      ) : at >= pagesShownMax ? (
        <p className="small soft">There are older ones.</p>
      ) : (
        <div className="actions more">
          <button onClick={more}>More</button>
        </div>
      )}
    </>
  );
}

function Rows({ runs }: { readonly runs: readonly RunListed[] }) {
  return (
    <ul className="rows">
      {runs.map((run) => (
        <li key={run.run_id}>
          <Mark state={run.state} title={meanings[run.state] ?? ''} />
          <div className="grow">
            <a href={toHref('runs', run.run_id)}>
              <Told text={run.task || 'No task was stated.'} max={180} />
            </a>
            <p className="small soft">
              {run.made} of {run.steps} steps made
              {run.next_tool === null ? null : (
                <>
                  {' '}
                  · next <code>{run.next_tool}</code>
                </>
              )}
              {run.deviations === 0 ? '' : ` · ${run.deviations} done otherwise`}
            </p>
          </div>
          {toBegun(run) === undefined ? null : <Moment at={toBegun(run) ?? ''} />}
        </li>
      ))}
    </ul>
  );
}
