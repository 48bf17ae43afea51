/** Ask: a task as an agent would state it, and what that agent would be given, with the reasons. */
import { useState } from 'react';
import { send } from '../node/ask.ts';
import type { Sop } from '../node/told.ts';
import { Card, Empty, Mark, Meter, PageTop, Told, Wrong } from '../parts/parts.tsx';
import { toPlural } from '../parts/shown-text.ts';
import { toHref } from '../router.ts';
import { toPlainLine } from './sop/wording.ts';

interface Given {
  readonly task: string;
  readonly sops: readonly (Sop & { readonly relevance: number; readonly why: string })[];
  readonly injected_context: readonly {
    readonly type: string;
    readonly content: string;
    readonly relevance: number;
  }[];
  readonly reasoning: string;
  readonly rejected: readonly Rejected[];
  readonly bar: number;
  readonly held_out: boolean;
}

interface Rejected {
  readonly sop_id: string;
  readonly trigger: string;
  readonly status: string;
  readonly confidence: number;
  readonly relevance: number;
  readonly reason: string;
  readonly why: string;
}

const askedMax = 5;
const taskMax = 2_000;

export default function Ask() {
  const [task, setTask] = useState('');
  const [state, setState] = useState<{ given?: Given; error: string; busy: boolean }>({
    error: '',
    busy: false,
  });
  const run = (): void => {
    if (task.trim() === '') return;
    setState((before) => ({ ...before, busy: true, error: '' }));
    send<Given>('POST', '/ask', { task: task.trim(), limit: askedMax }).then(
      (given) => setState({ given, error: '', busy: false }),
      (error: unknown) =>
        setState({ error: error instanceof Error ? error.message : String(error), busy: false }),
    );
  };
  return (
    <>
      <PageTop title="Ask">
        State a task as you would to an agent, and see what Drey would hand to it. Nothing is counted and no
        agent is told.
      </PageTop>
      <form
        className="ask"
        onSubmit={(event) => {
          event.preventDefault();
          run();
        }}
      >
        <textarea
          aria-label="Task"
          rows={3}
          maxLength={taskMax}
          value={task}
          placeholder="For instance: summarise the notes in the garden folder"
          onChange={(event) => setTask(event.target.value)}
          onKeyDown={(event) => {
            if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) run();
          }}
        />
        <div className="actions">
          <button className="primary" disabled={state.busy || task.trim() === ''}>
            See what an agent would get
          </button>
        </div>
      </form>
      <Wrong sentence={state.error} />
      {state.given === undefined ? null : <Result given={state.given} />}
    </>
  );
}

function Result({ given }: { readonly given: Given }) {
  const { sops, injected_context: items, reasoning } = given;
  return (
    <div className="grid">
      {given.held_out ? (
        <p className="notice" role="note">
          This task is held out: an agent gets nothing for it, so that it can be seen what serving is worth.
          Below is what it would get otherwise.
        </p>
      ) : null}
      <Card title="Procedures for it" className="half" note={`${sops.length} found`}>
        {sops.length === 0 ? (
          <Empty>No procedure fits this task well enough, so the agent would be left to its own ideas.</Empty>
        ) : null}
        <ol className="stepwise">
          {sops.map((sop) => (
            <li key={sop.sop_id}>
              <a href={toHref('sops', sop.sop_id)}>
                <Told text={sop.trigger} max={160} />
              </a>
              <dl className="facts small">
                <dt>Fits the task</dt>
                <dd>
                  <Meter value={sop.relevance} label="how near the task is" />
                </dd>
                <dt>Is right</dt>
                <dd>
                  <Meter value={sop.confidence} label="how likely the procedure is right" />
                </dd>
                <dt>Because</dt>
                <dd>
                  <Told text={sop.why} max={300} />
                </dd>
              </dl>
              <ol className="plain-steps small">
                {sop.steps.map((line, index) => {
                  const { text, notes } = toPlainLine(line, index, sop.procedure[index]);
                  return (
                    <li key={`${index} ${line}`}>
                      <bdi>{text + notes}</bdi>
                    </li>
                  );
                })}
              </ol>
            </li>
          ))}
        </ol>
      </Card>
      <Card title="What the agent would read" className="half" note={toPlural(items.length, 'item')}>
        <p className="soft">
          <Told text={reasoning} max={800} />
        </p>
        <ul>
          {items.map((item, index) => (
            <li key={`${index} ${item.type}`}>
              <Mark state={item.type.replaceAll('_', ' ')} tone="accent" />{' '}
              <span className="small soft">{Math.round(item.relevance * 100)} % relevant</span>
              <pre className="value" tabIndex={0}>
                <Told text={item.content} max={2_000} />
              </pre>
            </li>
          ))}
        </ul>
      </Card>
      <NotGiven rejected={given.rejected} bar={given.bar} />
    </div>
  );
}

/** Rejected procedures in the list; the node tells no more. */
const rejectedShownMax = 20;
/** What fits less than this is named only when it is asked for. */
const nearMin = 0.05;

function NotGiven({ rejected, bar }: { readonly rejected: readonly Rejected[]; readonly bar: number }) {
  const shown = rejected.slice(0, rejectedShownMax);
  const [near, far] = [
    shown.filter(({ relevance }) => relevance >= nearMin),
    shown.filter(({ relevance }) => relevance < nearMin),
  ];
  return (
    <Card title="What was rejected" note={`the bar is ${Math.round(bar * 100)} %`}>
      {near.length === 0 ? <Empty>Nothing else came near this task.</Empty> : null}
      <RejectedRows rejected={near} />
      {far.length === 0 ? null : (
        <details className="more">
          <summary>
            {toPlural(far.length, 'procedure')} that {far.length === 1 ? 'has' : 'have'} hardly anything to do
            with it
          </summary>
          <RejectedRows rejected={far} />
        </details>
      )}
    </Card>
  );
}

function RejectedRows({ rejected }: { readonly rejected: readonly Rejected[] }) {
  return (
    <ul className="rows">
      {rejected.map((one) => (
        <li key={one.sop_id} className="rejected">
          <div className="grow">
            <a href={toHref('sops', one.sop_id)}>
              <Told text={one.trigger} max={160} />
            </a>{' '}
            <Mark state={one.status} /> <Mark state={one.reason.replaceAll('_', ' ')} tone="warn" />
            <p className="small soft">
              <Told text={one.why} max={300} />
            </p>
          </div>
          <dl className="facts small">
            <dt>Fits</dt>
            <dd>
              <Meter value={one.relevance} label="how near the task is" />
            </dd>
            <dt>Is right</dt>
            <dd>
              <Meter value={one.confidence} label="how likely the procedure is right" />
            </dd>
          </dl>
        </li>
      ))}
    </ul>
  );
}
