/** The named limits: nothing in the house grows beyond one, and where a figure for it is known it stands beside it. */
import type { ReactNode } from 'react';
import type { Status } from '../../node/told.ts';
import type { Answer } from '../../node/use-answer.ts';
import { Card, Meter, Stale, Waiting } from '../../parts/parts.tsx';
import { toBytes, toCount, toDuration, toShown } from '../../parts/shown-text.ts';
import type { Underneath } from './underneath.ts';

interface LimitsProps {
  readonly answer: Answer<Underneath>;
  readonly status: Status;
}

export function Limits({ answer: { data, error }, status }: LimitsProps) {
  const used: Readonly<Record<string, number>> = {
    lagAlarmEvents: status.lag.waiting,
    upstreamsMax: status.breakers.length,
  };
  return (
    <Card title="Limits" className="half" note="nothing grows beyond its own">
      {data === undefined ? <Waiting error={error} /> : <Stale error={error} />}
      {data === undefined ? null : (
        <>
          <p className="soft small">
            What one principal may do, with the rates for {toShown(data.rates.profile, 40)}:
          </p>
          <dl className="facts limits">
            {data.rates.operations.map(({ operation, max, window_ms: windowMs }) => (
              <Row key={operation} name={operation.replaceAll('_', ' ')}>
                {toCount(max)} in {toDuration(Math.round(windowMs / 1_000))}
              </Row>
            ))}
          </dl>
          <details className="more">
            <summary>All {data.limits.length} limits of this version</summary>
            <dl className="facts limits">
              {data.limits.map(({ name, max }) => (
                <Row key={name} name={toWords(name)} title={name}>
                  {toAmount(name, max)}
                  {used[name] === undefined ? null : (
                    <span className="small soft">
                      {' '}
                      {toCount(used[name])} now{' '}
                      <Meter value={Math.min(1, used[name] / max)} label={`used of ${name}`} />
                    </span>
                  )}
                </Row>
              ))}
            </dl>
          </details>
        </>
      )}
    </Card>
  );
}

interface RowProps {
  readonly name: string;
  readonly title?: string;
  readonly children: ReactNode;
}

function Row({ name, title, children }: RowProps) {
  return (
    <>
      <dt title={title}>{toShown(name, 80)}</dt>
      <dd>{children}</dd>
    </>
  );
}

/** `sessionCallsMax` reads as “session calls”; that it is the most of them, the card says. */
function toWords(name: string): string {
  return name
    .replace(/Max$/, '')
    .replace(/Ms$/, 'Time')
    .replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

function toAmount(name: string, max: number): string {
  if (/Bytes/.test(name)) return toBytes(max);
  if (/Ms(?:Max)?$/.test(name)) return toDuration(Math.round(max / 1_000));
  return toCount(max);
}
