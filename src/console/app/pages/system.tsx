/** System: what the node stands on, how far its events and its learner are, and messages that nobody could handle. */
import { useState } from 'react';
import { send } from '../node/ask.ts';
import type { Status } from '../node/told.ts';
import { useAnswer } from '../node/use-answer.ts';
import { Confirm } from '../parts/confirm.tsx';
import { Card, Empty, Mark, Moment, PageTop, Stale, Told, Waiting } from '../parts/parts.tsx';
import { toBytes, toCount, toDuration, toMs, toShown } from '../parts/shown-text.ts';

interface Letter {
  readonly id: number;
  readonly reason: string;
  readonly code: string;
  readonly subject: string;
  readonly by: string;
  readonly attempts: number;
  readonly at: string;
  readonly body: string;
}

const lettersAsked = 50;

export default function System() {
  const { data: status, error } = useAnswer<Status>('/status', 4_000);
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
          <NodeFacts status={status} />
          <EventFacts status={status} />
          <LearningTree status={status} />
          <DeadLetters />
        </div>
      )}
    </>
  );
}

function NodeFacts({ status }: { readonly status: Status }) {
  const { config, learning } = status;
  return (
    <Card title="Node" className="half" note={<Mark state={status.state} />}>
      <dl className="facts">
        <dt>Version</dt>
        <dd>{status.version}</dd>
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

function LearningTree({ status: { learning, resources } }: { readonly status: Status }) {
  return (
    <Card title="Learning" note={<Mark state={learning.engine_status} />}>
      <p className="soft small">
        {learning.behind === 0
          ? 'It has seen everything.'
          : `${toCount(learning.behind)} events are still to be seen.`}{' '}
        {learning.last_learning_run === null ? '' : 'It learned last '}
        {learning.last_learning_run === null ? null : <Moment at={learning.last_learning_run} />}
      </p>
      <ul className="rows">
        {learning.workers.map(({ name, state, attempts, lastError }) => (
          <li key={name}>
            <span className="grow">
              {toShown(name, 60)}{' '}
              {lastError === null ? null : (
                <span className="small soft">
                  <Told text={lastError} max={160} />
                </span>
              )}
            </span>
            <span className="small soft">
              {attempts <= 1 ? 'never restarted' : `restarted ${attempts - 1} times`}
            </span>
            <Mark state={state} />
          </li>
        ))}
        {resources
          .filter(({ id }) => id === 'r-learner' || id === 'r-nats' || id === 'r-postgres')
          .map(({ id, what, state }) => (
            <li key={id}>
              <span className="grow">{toShown(what, 100)}</span>
              <Mark state={state} />
            </li>
          ))}
      </ul>
    </Card>
  );
}

function DeadLetters() {
  const { data, error, reload } = useAnswer<{ letters: Letter[]; total: number }>(
    `/dead?limit=${lettersAsked}`,
    10_000,
  );
  const [asking, setAsking] = useState<{ letter: Letter; what: 'retry' | 'drop' }>();
  return (
    <Card title="Dead letters" note={data === undefined ? '' : `${data.total}`}>
      {data === undefined ? <Waiting error={error} /> : <Stale error={error} />}
      {data?.letters.length === 0 ? (
        <Empty>None: every message found somebody who could handle it.</Empty>
      ) : null}
      <ul className="rows">
        {data?.letters.map((letter) => (
          <li key={letter.id}>
            <div className="grow">
              <strong>{toShown(letter.code, 60)}</strong> <Told text={letter.reason} max={200} />
              <p className="small soft">
                {toShown(letter.subject, 160)} · {letter.attempts} tries by {toShown(letter.by, 60)} ·{' '}
                <Moment at={letter.at} />
              </p>
              <details className="small">
                <summary>message</summary>
                <pre className="value" tabIndex={0}>
                  {toShown(letter.body, 1_000)}
                </pre>
              </details>
            </div>
            <button onClick={() => setAsking({ letter, what: 'retry' })}>Retry</button>
            <button onClick={() => setAsking({ letter, what: 'drop' })}>Drop</button>
          </li>
        ))}
      </ul>
      {asking === undefined ? null : (
        <Confirm
          title={asking.what === 'retry' ? 'Send it again?' : 'Drop it for good?'}
          yes={asking.what === 'retry' ? 'Retry' : 'Drop'}
          danger={asking.what === 'drop'}
          close={() => setAsking(undefined)}
          act={async () => {
            await send('POST', `/dead/${asking.letter.id}/${asking.what}`);
            reload();
          }}
        >
          <p>
            {asking.what === 'retry'
              ? 'The message goes to whoever could not handle it. If it fails again, it comes back here.'
              : 'The message is removed and nobody will handle it.'}
          </p>
        </Confirm>
      )}
    </Card>
  );
}
