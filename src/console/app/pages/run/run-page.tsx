/** One run: what it has done, what it waits for, and what is still to come. */
import type { ReactNode } from 'react';
import { part } from '../../node/ask.ts';
import type { Sop } from '../../node/told.ts';
import { useAnswer } from '../../node/use-answer.ts';
import { Card, Empty, Id, Mark, Moment, PageTop, Stale, Told, Waiting } from '../../parts/parts.tsx';
import { toPlural, toShown, toText } from '../../parts/shown-text.ts';
import { toHref } from '../../router.ts';
import { Decide } from './decide.tsx';
import { isOver, meanings, toBegun } from './run.ts';
import type { Run } from './run.ts';

const argsShownMax = 4_000;

export function RunPage({ id }: { readonly id: string }) {
  const { data: run, error, reload } = useAnswer<Run>(`/runs/${part(id)}`, 3_000);
  if (run === undefined)
    return (
      <>
        <PageTop title="Run">
          <a href={toHref('runs')}>All runs</a>
        </PageTop>
        <Waiting error={error} />
      </>
    );
  return (
    <>
      <p className="small">
        <a href={toHref('runs')}>← All runs</a>
      </p>
      <PageTop title={toShown(run.task || 'A run', 200)}>
        <Mark state={run.state} /> {meanings[run.state]}
      </PageTop>
      <Stale error={error} />
      {isOver(run) ? null : <Decide run={run} changed={reload} />}
      <div className="grid more">
        <Card title="Steps" className="wide">
          <Steps run={run} />
        </Card>
        <Card title="About it" className="third">
          <Facts run={run} />
        </Card>
      </div>
    </>
  );
}

function Steps({ run: { taken, ahead, next } }: { readonly run: Run }) {
  if (taken.length + ahead.length === 0) return <Empty>There is nothing to show.</Empty>;
  return (
    <ol className="calls">
      {taken.map((one) => (
        <Step key={`taken ${one.step}`} {...one} mark={<Mark state={one.was} />} />
      ))}
      {ahead.map((one) => (
        <Step
          key={`ahead ${one.step}`}
          {...one}
          mark={
            one.step === next?.step ? (
              <Mark state="next" tone="accent" />
            ) : (
              <Mark state={one.optional ? 'to come, optional' : 'to come'} />
            )
          }
        />
      ))}
    </ol>
  );
}

interface StepProps {
  readonly step: number;
  readonly tool: string;
  readonly args: unknown;
  readonly missing?: readonly string[];
  readonly mark: ReactNode;
}

function Step({ step, tool, args, missing = [], mark }: StepProps) {
  return (
    <li>
      <details>
        <summary>
          <span className="ordinal">{step + 1}</span> <strong>{toShown(tool, 120)}</strong> {mark}{' '}
          {missing.length === 0 ? null : (
            <span className="small soft">still unknown: {toShown(missing.join(', '), 120)}</span>
          )}
        </summary>
        <pre className="value" tabIndex={0}>
          {toText(args, argsShownMax)}
        </pre>
      </details>
    </li>
  );
}

function Facts({ run }: { readonly run: Run }) {
  const begun = toBegun(run);
  const { data: sop } = useAnswer<Pick<Sop, 'trigger'>>(`/sops/${part(run.sop_id)}`);
  return (
    <dl className="facts">
      <dt>Procedure</dt>
      <dd>
        <a href={toHref('sops', run.sop_id)}>
          {sop === undefined ? <Id id={run.sop_id} /> : <Told text={sop.trigger} max={200} />}
        </a>
      </dd>
      <dt>Run</dt>
      <dd>
        <Id id={run.run_id} />
      </dd>
      {begun === undefined ? null : (
        <>
          <dt>Began</dt>
          <dd>
            <Moment at={begun} />
          </dd>
        </>
      )}
      <dt>Done otherwise</dt>
      <dd>{run.deviations === 0 ? 'never' : toPlural(run.deviations, 'time')}</dd>
      {run.reason === null ? null : (
        <>
          <dt>Because</dt>
          <dd>
            <Told text={run.reason} max={400} />
          </dd>
        </>
      )}
    </dl>
  );
}
