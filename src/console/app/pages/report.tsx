/** Report: what was learned, served and followed in a period and what came of it, beside what Drey aims at. */
import { useMemo, useState } from 'react';
import type { Aim, InsightReport, TaskFigures } from '../../../../machines/words/reports.ts';
import { toQuery } from '../node/ask.ts';
import { useAnswer } from '../node/use-answer.ts';
import { Card, Empty, Mark, PageTop, Stale, Waiting } from '../parts/parts.tsx';
import { toCount, toDuration, toPlural } from '../parts/shown-text.ts';

const periods = [7, 30, 90] as const;
const [dayMs, minuteMs] = [24 * 3_600_000, 60_000];

const aimWords: Readonly<Record<Aim['name'], string>> = {
  sops_discovered: 'Procedures discovered',
  sops_applied: 'Procedures followed',
  injections_served: 'Times something was served',
  positive: 'Followed and went well',
  helpful: 'Said to be helpful',
  availability: 'Learning was there',
};
const isShare = (name: Aim['name']): boolean =>
  name === 'positive' || name === 'helpful' || name === 'availability';

export default function Report() {
  const [days, setDays] = useState<number>(30);
  // One moment for as long as the period stays, and by the minute: whoever looks as well is given the same report.
  const since = useMemo(() => {
    const from = Date.now() - days * dayMs;
    return new Date(Math.floor(from / minuteMs) * minuteMs).toISOString();
  }, [days]);
  const { data, error } = useAnswer<InsightReport>(`/report${toQuery({ since })}`, 30_000);
  return (
    <>
      <PageTop title="Report">
        Whether it is worth it: what was learned, what was handed to agents, and how that went, beside what
        Drey aims at.
      </PageTop>
      <div className="filters">
        <select aria-label="Period" value={days} onChange={(event) => setDays(Number(event.target.value))}>
          {periods.map((one) => (
            <option key={one} value={one}>
              last {one} days
            </option>
          ))}
        </select>
      </div>
      {data === undefined ? <Waiting error={error} /> : <Stale error={error} />}
      {data === undefined ? null : <Figures report={data} />}
    </>
  );
}

function Figures({ report }: { readonly report: InsightReport }) {
  const { sops, patterns, injections, feedback, hold_out: holdOut } = report;
  return (
    <div className="grid">
      <Card title="Beside the aims" className="wide">
        <Aims aims={report.aims} />
      </Card>
      <Card title="Figures" className="third">
        <dl className="facts">
          <dt>Procedures</dt>
          <dd>
            {toCount(sops.discovered)} found, {toCount(sops.applied)} followed
          </dd>
          <dt>Patterns</dt>
          <dd>
            {toCount(patterns.discovered)} found, {toCount(patterns.applied)} followed
          </dd>
          <dt>Served</dt>
          <dd>
            {toPlural(injections.served, 'time')}, {toCount(injections.followed)} followed
          </dd>
          <dt>Went well</dt>
          <dd>
            {toCount(injections.succeeded)} of {toCount(injections.told)}
          </dd>
          <dt>Feedback</dt>
          <dd>
            {toCount(feedback.helpful)} of {toCount(feedback.reports)} helpful
          </dd>
        </dl>
      </Card>
      <Card
        title="With and without"
        note={holdOut.share === 0 ? 'nothing is held out' : `${toPercent(holdOut.share)} held out`}
      >
        <p className="small soft">
          Tasks for which something was served, beside tasks for which it was held out on purpose.
        </p>
        {holdOut.served.tasks + holdOut.held_out.tasks === 0 ? (
          <Empty>No task that was served something, or held out, has ended in this period.</Empty>
        ) : (
          <Lift served={holdOut.served} without={holdOut.held_out} />
        )}
      </Card>
    </div>
  );
}

function Aims({ aims }: { readonly aims: readonly Aim[] }) {
  return (
    <table className="plain words">
      <thead>
        <tr>
          <th>What</th>
          <th className="number">Is</th>
          <th className="number">Aim</th>
          <th>Reached</th>
        </tr>
      </thead>
      <tbody>
        {aims.map(({ name, value, aim, reached }) => {
          const toFigure = isShare(name) ? toPercent : toCount;
          return (
            <tr key={name}>
              <td>{aimWords[name]}</td>
              <td className="number">{value === null ? '–' : toFigure(value)}</td>
              <td className="number soft">more than {toFigure(aim)}</td>
              <td>
                {value === null ? (
                  <Mark state="nothing to count" />
                ) : (
                  <Mark state={reached ? 'yes' : 'not yet'} tone={reached ? 'good' : 'warn'} />
                )}
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

function Lift({ served, without }: { readonly served: TaskFigures; readonly without: TaskFigures }) {
  const rows: readonly (readonly [string, (figures: TaskFigures) => string])[] = [
    ['Tasks', ({ tasks }) => toCount(tasks)],
    ['Went well', ({ success }) => (success === null ? '–' : toPercent(success))],
    ['Calls each', ({ calls }) => (calls === null ? '–' : calls.toFixed(1))],
    ['Time each', ({ seconds }) => (seconds === null ? '–' : toDuration(Math.round(seconds)))],
  ];
  return (
    <table className="plain">
      <thead>
        <tr>
          <th>
            <span className="unseen">Figure</span>
          </th>
          <th className="number">Served</th>
          <th className="number">Held out</th>
        </tr>
      </thead>
      <tbody>
        {rows.map(([name, toFigure]) => (
          <tr key={name}>
            <td>{name}</td>
            <td className="number">{toFigure(served)}</td>
            <td className="number">{toFigure(without)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

const toPercent = (share: number): string => `${Math.round(share * 100)} %`;
