/**
 * What a run waits for, and a person's word on it. A yes is said of the very call that was shown: its step goes along,
 * and the node refuses where the run has gone on meanwhile.
 */
import { useState } from 'react';
import { part, send } from '../../node/ask.ts';
import { Confirm } from '../../parts/confirm.tsx';
import { Card, Told } from '../../parts/parts.tsx';
import { toShown, toText } from '../../parts/shown-text.ts';
import type { Offer, Run } from './run.ts';

/** All that a call can have: who says yes has seen everything. */
const argsShownMax = 80_000;
/** Values that are asked for at a time; further ones are asked for when these are known. */
const askedMax = 20;

type Word = 'yes' | 'no' | 'go on' | 'end';

interface DecideProps {
  readonly run: Run;
  readonly changed: () => void;
}

export function Decide({ run, changed }: DecideProps) {
  // As it was when the question was opened.
  const [asking, setAsking] = useState<{ run: Run; word: Word }>();
  const open = (word: Word) => () => setAsking({ run, word });
  const { next, state } = run;
  return (
    <Card title={state === 'calling' ? 'It is calling' : 'What it waits for'}>
      {next === null ? (
        <p className="soft">It can make its next call.</p>
      ) : (
        <>
          <p>
            <strong>
              Step {next.step + 1}: {toShown(next.tool, 160)}
            </strong>{' '}
            {next.approval === null ? null : (
              <span className="soft">
                needs a yes: <Told text={next.approval} max={300} />
              </span>
            )}
          </p>
          <pre className="value" tabIndex={0}>
            {toText(next.args, argsShownMax)}
          </pre>
        </>
      )}
      <div className="actions more">
        {state === 'calling' ? null : <button onClick={open('end')}>End the run</button>}
        {state === 'awaitingApproval' ? (
          <>
            <button onClick={open('no')}>No</button>
            <button className="primary" onClick={open('yes')}>
              Yes, make this call
            </button>
          </>
        ) : null}
        {state === 'awaitingInput' || state === 'planned' || state === 'checking' ? (
          <button className="primary" onClick={open('go on')}>
            {state === 'awaitingInput' ? 'Give what is missing' : 'Go on'}
          </button>
        ) : null}
      </div>
      {asking === undefined ? null : <Ask {...asking} changed={changed} close={() => setAsking(undefined)} />}
    </Card>
  );
}

const titles: Readonly<Record<Word, string>> = {
  yes: 'Make this call?',
  no: 'Say no to this call?',
  'go on': 'Go on with this run?',
  end: 'End this run?',
};
const yeses: Readonly<Record<Word, string>> = {
  yes: 'Yes, make it',
  no: 'Say no',
  'go on': 'Go on',
  end: 'End it',
};

interface AskProps {
  readonly run: Run;
  readonly word: Word;
  readonly changed: () => void;
  readonly close: () => void;
}

function Ask({ run, word, changed, close }: AskProps) {
  const [given, setGiven] = useState<Readonly<Record<string, string>>>({});
  const missing = word === 'go on' ? (run.next?.missing.slice(0, askedMax) ?? []) : [];
  const act = async (): Promise<void> => {
    await decide(run, word, given);
    changed();
  };
  return (
    <Confirm
      title={titles[word]}
      yes={yeses[word]}
      danger={word === 'no' || word === 'end'}
      act={act}
      close={close}
    >
      <Meaning word={word} next={run.next} />
      {missing.map((path) => (
        <label key={path}>
          {toShown(path, 120)}
          <input
            value={given[path] ?? ''}
            maxLength={10_000}
            onChange={(event) => setGiven({ ...given, [path]: event.target.value })}
          />
        </label>
      ))}
    </Confirm>
  );
}

function Meaning({ word, next }: { readonly word: Word; readonly next: Offer | null }) {
  if (word === 'end') return <p>No further call is made. What was done stays done.</p>;
  if (word === 'no') return <p>The call is not made, and the run ends. Your no goes into the audit log.</p>;
  if (word === 'go on')
    return (
      <p>
        {next === null || next.missing.length === 0
          ? 'It makes its next call, unless a person has to agree to it first.'
          : 'It goes on with what you give. A number, true or false, or JSON is taken as such; all else is text.'}
      </p>
    );
  return (
    <>
      <p>
        <strong>{toShown(next?.tool ?? '', 160)}</strong> is called once, with exactly this. Your yes goes
        into the audit log.
      </p>
      <pre className="value" tabIndex={0}>
        {toText(next?.args ?? {}, argsShownMax)}
      </pre>
    </>
  );
}

async function decide(run: Run, word: Word, given: Readonly<Record<string, string>>): Promise<void> {
  const path = `/runs/${part(run.run_id)}`;
  if (word === 'end') {
    await send('POST', `${path}/cancel`, { reason: 'ended in the console' });
    return;
  }
  const meant = run.next === null ? {} : { step: run.next.step, fingerprint: run.next.fingerprint };
  const inputs = Object.entries(given).filter(([, text]) => text !== '');
  await send('POST', `${path}/steps`, {
    ...meant,
    ...(word === 'go on' ? {} : { approve: word === 'yes' }),
    ...(inputs.length === 0
      ? {}
      : { inputs: Object.fromEntries(inputs.map(([name, text]) => [name, toValue(text)])) }),
  });
}

function toValue(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
