/** The learning engine as it is supervised: what runs below what, in which state, and how often it began anew. */
import type { Status } from '../../node/told.ts';
import { Card, Mark, Moment, Told } from '../../parts/parts.tsx';
import { toCount, toShown } from '../../parts/shown-text.ts';
import { Tree } from '../../parts/tree.tsx';
import type { Branch } from '../../parts/tree.tsx';

export function LearningTree({ status: { learning, resources } }: { readonly status: Status }) {
  const process = resources.find(({ id }) => id === 'r-learner');
  const engine: Branch = {
    id: 'engine',
    shown: 'learning engine',
    state: <Mark state={learning.engine_status} />,
    below: [
      {
        id: 'flow',
        shown: 'what comes in',
        state: <Mark state={learning.intake ?? 'not known'} />,
        below: [],
      },
      {
        id: 'supervisor',
        shown: 'supervisor of its workers',
        state: <span className="small soft">{learning.workers.length} workers</span>,
        below: learning.workers.map(toWorker),
      },
    ],
  };
  const root: Branch = {
    id: 'process',
    shown: (
      <>
        learner process{' '}
        <span className="small soft">{learning.pid === null ? '' : `process ${learning.pid}`}</span>
      </>
    ),
    state: process === undefined ? null : <Mark state={process.state} />,
    below: [engine],
  };
  return (
    <Card title="Learning" className="half" note={<Mark state={learning.engine_status} />}>
      <p className="soft small">
        {learning.behind === 0
          ? 'It has seen everything.'
          : `${toCount(learning.behind)} events are still to be seen.`}{' '}
        {learning.last_learning_run === null ? null : (
          <>
            It learned last <Moment at={learning.last_learning_run} />.
          </>
        )}
      </p>
      <Tree label="The learning engine" roots={[root]} />
    </Card>
  );
}

function toWorker({ name, state, attempts, lastError }: Status['learning']['workers'][number]): Branch {
  return {
    id: name,
    shown: (
      <>
        {toShown(name, 60)} <span className="small soft">{toRestarts(attempts)}</span>
        {lastError === null ? null : (
          <p className="small soft">
            <Told text={lastError} max={160} />
          </p>
        )}
      </>
    ),
    state: <Mark state={state} />,
    below: [],
  };
}

function toRestarts(attempts: number): string {
  if (attempts <= 1) return 'never restarted';
  return attempts === 2 ? 'restarted once' : `restarted ${attempts - 1} times`;
}
