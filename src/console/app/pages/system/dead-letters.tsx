/** Messages that nobody could handle: why, what was in them, and what to do with each. */
import { useState } from 'react';
import { send } from '../../node/ask.ts';
import { useAnswer } from '../../node/use-answer.ts';
import { Confirm } from '../../parts/confirm.tsx';
import { Card, Empty, Moment, More, Stale, Told, Waiting } from '../../parts/parts.tsx';
import { toShown } from '../../parts/shown-text.ts';

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

export function DeadLetters() {
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
                {toShown(letter.subject, 160)} ·{' '}
                {letter.attempts === 1 ? '1 try' : `${letter.attempts} tries`} by {toShown(letter.by, 60)} ·{' '}
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
      <More count={(data?.total ?? 0) - (data?.letters.length ?? 0)} what="letters" />
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
