/**
 * System: what the node stands on, how far its events, its consumers and its learner are, messages that nobody could
 * handle, and the limits that hold.
 */
import type { Status } from '../node/told.ts';
import { useAnswer } from '../node/use-answer.ts';
import { Card, Mark, PageTop, Stale, Told, Waiting } from '../parts/parts.tsx';
import { toBytes, toCount, toDuration, toMs, toShown } from '../parts/shown-text.ts';
import { Bus } from './system/bus.tsx';
import { DeadLetters } from './system/dead-letters.tsx';
import { LearningTree } from './system/learning-tree.tsx';
import { Limits } from './system/limits.tsx';
import type { Underneath } from './system/underneath.ts';

export default function System() {
  const { data: status, error } = useAnswer<Status>('/status', 4_000);
  const under = useAnswer<Underneath>('/system', 4_000);
  return (
    <>
      <PageTop title="System">
        What Drey stands on, how far events and learning have come, and what got stuck.
      </PageTop>
      {status === undefined ? null : <Stale error={error} />}
      {status === undefined ? (
        <Waiting error={error} />
      ) : (
        <div className="grid">
          <NodeFacts status={status} under={under.data} />
          <EventFacts status={status} />
          <Bus answer={under} />
          <LearningTree status={status} />
          <Limits answer={under} status={status} />
          <DeadLetters />
        </div>
      )}
    </>
  );
}

interface NodeFactsProps {
  readonly status: Status;
  readonly under: Underneath | undefined;
}

function NodeFacts({ status, under }: NodeFactsProps) {
  const { config, learning } = status;
  return (
    <Card title="Node" className="half" note={<Mark state={status.state} />}>
      <dl className="facts">
        <dt>Version</dt>
        <dd>
          {status.version}{' '}
          {under === undefined ? null : (
            <span className="soft">
              on Node.js {under.node}, PostgreSQL {under.postgres ?? 'is away'}
            </span>
          )}
        </dd>
        <dt>Address</dt>
        <dd>
          <code>{status.url}</code>
        </dd>
        <dt>Up for</dt>
        <dd>{toDuration(status.uptimeSeconds)}</dd>
        <dt>Memory</dt>
        <dd>
          {toBytes(status.memory.rssBytes)}{' '}
          <span className="soft">and {toBytes(learning.rssBytes ?? 0)} for learning</span>
        </dd>
        <dt>Configuration</dt>
        <dd>
          <code>{toShown(config.file ?? 'none', 200)}</code>
          {config.error === null ? null : (
            <p className="was">
              <Told text={config.error} />
            </p>
          )}
          {config.restartNeeded.length === 0 ? null : (
            <p className="soft">Waiting for a restart: {toShown(config.restartNeeded.join(', '))}</p>
          )}
        </dd>
      </dl>
    </Card>
  );
}

function EventFacts({ status: { events, lag } }: { readonly status: Status }) {
  return (
    <Card
      title="Events"
      className="half"
      note={<Mark state={lag.lagging ? 'lagging' : 'flowing'} tone={lag.lagging ? 'bad' : 'good'} />}
    >
      <dl className="facts">
        <dt>Written</dt>
        <dd>{toCount(events.appended)}</dd>
        <dt>On the bus</dt>
        <dd>{toCount(events.published)}</dd>
        <dt>Waiting</dt>
        <dd>{toCount(events.waiting)}</dd>
        <dt>Set aside</dt>
        <dd>{toCount(events.setAside)}</dd>
        <dt>Log on disk</dt>
        <dd>{toBytes(events.diskBytes)}</dd>
        <dt>Writing one takes</dt>
        <dd>
          {toMs(events.appendUs.p50 / 1_000)}{' '}
          <span className="soft">half, {toMs(events.appendUs.p99 / 1_000)} at 99 %</span>
        </dd>
        <dt>Until the bus has it</dt>
        <dd>
          {toMs(events.ackMs.p50)} <span className="soft">half, {toMs(events.ackMs.p99)} at 99 %</span>
        </dd>
      </dl>
    </Card>
  );
}
