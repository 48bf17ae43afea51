/** Now: who works and on what, whether everything is well, how much is going on, and what went wrong last. */
import { useSelector } from '@xstate/store-react';
import { useEffect, useState } from 'react';
import { live } from '../node/live.store.ts';
import type { Bucket } from '../node/live.store.ts';
import type { Health, Session, Status, ToldEvent } from '../node/told.ts';
import { useAnswer } from '../node/use-answer.ts';
import { CallsChart, TimesChart, quantile } from '../parts/chart.tsx';
import { Card, Empty, Id, Mark, Moment, PageTop, Stale, Told, Waiting, toTone } from '../parts/parts.tsx';
import { toCount, toDuration, toMs, toPlural } from '../parts/shown-text.ts';
import { toHref } from '../router.ts';
import { toSummary } from '../node/summary.ts';
import { toFolded } from './now/folded.ts';
import { Learned } from './now/learned.tsx';

const sessionsShownMax = 50;
const failuresShownMax = 8;
const eventsShownMax = 8;

export default function Now() {
  const status = useAnswer<Status>('/status', 5_000);
  const sessions = useAnswer<{ sessions: Session[]; total: number }>(
    `/sessions?limit=${sessionsShownMax}`,
    2_000,
  );
  const told = useSelector(live, ({ context }) => context.health);
  const buckets = useSelector(live, ({ context }) => context.buckets);
  const failures = useSelector(live, ({ context }) => context.failures);
  const events = useSelector(live, ({ context }) => context.events);
  const now = useNow(2_000);
  return (
    <>
      <PageTop title="Now">
        What your agents are doing at this moment, what was learned from it, and whether anything needs you.
      </PageTop>
      {status.data === undefined ? null : <Stale error={status.error} />}
      <Figures
        status={status.data}
        health={told ?? status.data}
        buckets={buckets}
        now={now}
        sessions={sessions.data?.total}
      />
      <div className="grid">
        <div className="wide stack">
          <Card title="Sessions" note={toNote(sessions.data)}>
            {sessions.data === undefined ? null : <Stale error={sessions.error} />}
            {sessions.data === undefined ? (
              <Waiting error={sessions.error} />
            ) : (
              <Sessions sessions={sessions.data.sessions} />
            )}
          </Card>
          <Learned />
        </div>
        <Card title="Health" className="third">
          <HealthList health={told ?? status.data} />
        </Card>
        <Card title="Calls" className="half">
          <CallsChart buckets={buckets} now={now} />
        </Card>
        <Card title="How long they take" className="half">
          <TimesChart buckets={buckets} now={now} />
        </Card>
        <Card title="Last failures" className="half">
          {failures.length === 0 ? (
            <Empty>Nothing has gone wrong in the last ten minutes.</Empty>
          ) : (
            <Events events={failures} max={failuresShownMax} />
          )}
        </Card>
        <Card title="Just happened" className="half">
          {events.length === 0 ? (
            <Empty>Waiting for something to happen. Every call and change appears here at once.</Empty>
          ) : (
            <Events events={events} max={eventsShownMax} />
          )}
        </Card>
      </div>
    </>
  );
}

function toNote(told: { sessions: Session[]; total: number } | undefined): string {
  if (told === undefined) return '';
  return told.total > told.sessions.length
    ? `${told.sessions.length} of ${told.total}`
    : `${told.total} live`;
}

interface FiguresProps {
  readonly status: Status | undefined;
  readonly health: Health | undefined;
  readonly buckets: readonly Bucket[];
  readonly now: number;
  readonly sessions: number | undefined;
}

function Figures({ status, health, buckets, now, sessions }: FiguresProps) {
  const minute = buckets.filter(({ at }) => at > now - 60_000);
  const calls = minute.reduce((sum, bucket) => sum + bucket.calls, 0);
  const times = buckets.flatMap((bucket) => bucket.times);
  const waiting = health?.learning.behind ?? 0;
  return (
    <dl className="figures">
      <div className="figure">
        <dt>Sessions</dt>
        <dd>{sessions ?? '–'}</dd>
      </div>
      <div className="figure">
        <dt>Calls, last minute</dt>
        <dd>{toCount(calls)}</dd>
      </div>
      <div className="figure">
        <dt>A call takes</dt>
        <dd>
          {times.length === 0 ? '–' : toMs(quantile(times, 0.5))}
          {times.length === 0 ? null : <small> half, {toMs(quantile(times, 0.95))} at 95 %</small>}
        </dd>
      </div>
      <div className="figure">
        <dt>Learner behind by</dt>
        <dd>
          {toCount(waiting)} <small>events</small>
        </dd>
      </div>
      <div className="figure">
        <dt>Up for</dt>
        <dd>{status === undefined ? '–' : toDuration(status.uptimeSeconds)}</dd>
      </div>
    </dl>
  );
}

function Sessions({ sessions }: { readonly sessions: readonly Session[] }) {
  if (sessions.length === 0)
    return (
      <Empty>
        No agent is connected. Give your MCP client this address:{' '}
        <code>{new URL('/mcp', location.href).href}</code>
      </Empty>
    );
  return (
    <ul className="rows">
      {sessions.map((session) => (
        <li key={session.id}>
          <Mark state={session.doing?.calls.length ? 'working' : session.state} />
          <div className="grow">
            <Doing session={session} />
            <div className="small soft">
              <Told text={session.client || session.transport} max={60} /> · {toPlural(session.calls, 'call')}{' '}
              ·{' '}
              <a
                href={toActor(session.namespace, 'session', session.id)}
                title="what it is doing, step by step"
              >
                <Id id={session.id} />
              </a>
            </div>
          </div>
          <Moment at={session.lastUsedAt} />
        </li>
      ))}
    </ul>
  );
}

function Doing({ session: { doing, task } }: { readonly session: Session }) {
  const running = doing?.calls[0];
  const stated = doing?.task?.task ?? task;
  return (
    <>
      {stated ? <Told text={stated} max={160} /> : <span className="soft">No task was stated.</span>}
      {running === undefined ? null : (
        <div className="small">
          calling <code>{running.name}</code>
          {doing !== null && doing.calls.length > 1 ? ` and ${doing.calls.length - 1} more` : ''}
        </div>
      )}
      {running === undefined && doing?.lastCall ? (
        <div className="small soft">
          last <code>{doing.lastCall.name}</code>{' '}
          {doing.lastCall.outcome === 'finished' ? '' : doing.lastCall.outcome}
        </div>
      ) : null}
    </>
  );
}

/** A server that somebody else runs is there or not, whatever became of our part of it. */
const parts: Readonly<Record<string, string>> = { nats: 'bus', postgres: 'store' };

function HealthList({ health }: { readonly health: Health | undefined }) {
  if (health === undefined) return <Waiting error="" />;
  const breakers = new Map(health.breakers.map((breaker) => [breaker.id.replace(/^b-/, ''), breaker]));
  return (
    <ul className="rows">
      {health.resources.map(({ id, what, state, lastError }) => {
        const name = id.replace(/^r-/, '');
        const breaker = breakers.get(name);
        const isAway = health.missing.includes(parts[name] ?? '');
        return (
          <li key={id}>
            <span className="grow" title={what}>
              <a href={toActor(systemNamespace, 'resource', id)}>
                <Told text={name} max={60} />
              </a>
              {lastError === null || state === 'healthy' ? null : (
                <span className="small soft">
                  {' '}
                  <Told text={lastError} max={120} />
                </span>
              )}
            </span>
            {breaker === undefined || breaker.state === 'closed' ? null : (
              <a href={toActor(systemNamespace, 'breaker', breaker.id)}>
                <Mark state={`breaker ${breaker.state}`} tone="bad" />
              </a>
            )}
            <Mark state={isAway ? 'away' : state} tone={isAway ? 'bad' : toTone(state)} />
          </li>
        );
      })}
      <li>
        <span className="grow">learning</span>
        <Mark state={health.learning.engine_status} />
      </li>
      <li>
        <span className="grow">events to the bus</span>
        <Mark state={health.lag.lagging ? 'waiting' : 'flowing'} tone={health.lag.lagging ? 'bad' : 'good'} />
      </li>
      {health.catalogue.held === 0 ? null : (
        <li>
          <a className="grow" href={toHref('tools')}>
            {health.catalogue.held === 1 ? '1 tool waits' : `${health.catalogue.held} tools wait`} for a
            review
          </a>
          <Mark state="held" tone="warn" />
        </li>
      )}
    </ul>
  );
}

function Events({ events, max }: { readonly events: readonly ToldEvent[]; readonly max: number }) {
  return (
    <ul className="rows">
      {toFolded(events, max).map(({ event, times }) => (
        <li key={`${event.id} ${event.at}`}>
          <span className="grow">
            {isActor(event.actor.kind) ? (
              <a className="event-type" href={toActor(event.namespace, event.actor.kind, event.actor.id)}>
                {event.type}
              </a>
            ) : (
              <span className="event-type">{event.type}</span>
            )}{' '}
            <Told text={toSummary(event)} max={180} />{' '}
            {times === 1 ? null : <Mark state={`${times} times`} title="the newest of them is shown" />}
          </span>
          <Moment at={event.at} />
        </li>
      ))}
    </ul>
  );
}

const systemNamespace = '_system';
/** Kinds that have a page among the actors. */
const isActor = (kind: string): boolean =>
  /^(?:session|resource|breaker|learning|worker|run|sop)$/.test(kind);
const toActor = (namespace: string, kind: string, id: string): string =>
  toHref('actors', `${namespace}/${kind}/${id}`);

function useNow(everyMs: number): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const ticking = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(ticking);
  }, [everyMs]);
  return now;
}
