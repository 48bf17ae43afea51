/** Patterns: what was found to help when, and how often it did once it was followed. */
import { useState } from 'react';
import { part, send, toQuery } from '../node/ask.ts';
import { useAnswer } from '../node/use-answer.ts';
import { Confirm } from '../parts/confirm.tsx';
import { Card, Empty, Id, Mark, Meter, Moment, PageTop, Stale, Told, Waiting } from '../parts/parts.tsx';
import { toText } from '../parts/shown-text.ts';

interface Pattern {
  readonly pattern_id: string;
  readonly pattern_type: string;
  readonly sentence: string | null;
  readonly condition: unknown;
  readonly action: unknown;
  readonly confidence: number;
  readonly applied_count: number;
  readonly success_count: number;
  readonly effectiveness: number;
  readonly active: boolean;
  /** Shown, and offered to nobody until it is approved. */
  readonly candidate: boolean;
  readonly last_applied_at: string | null;
}

const patternsAskedMax = 100;
const jsonShownMax = 2_000;
/** More than a pattern can have. */
const approvedShownMax = 80_000;

const types: Readonly<Record<string, string>> = {
  failure_recovery: 'After a failure',
  precondition: 'Before a tool',
  proactive_search: 'At the beginning',
  context_injection: 'Where a value stands',
};

export default function Patterns() {
  const [type, setType] = useState('');
  const [active, setActive] = useState('true');
  const [approving, setApproving] = useState<Pattern>();
  const { data, error, reload } = useAnswer<{ patterns: Pattern[]; next: string | null }>(
    `/patterns${toQuery({ type, active, limit: patternsAskedMax })}`,
    15_000,
  );
  return (
    <>
      <PageTop title="Patterns">
        Small rules that hold across tasks: when something is the case, something else helps. They count as
        effective only where somebody followed them and the task went well.
      </PageTop>
      <div className="filters">
        <select aria-label="Kind" value={type} onChange={(event) => setType(event.target.value)}>
          <option value="">every kind</option>
          {Object.entries(types).map(([name, words]) => (
            <option key={name} value={name}>
              {words}
            </option>
          ))}
        </select>
        <select aria-label="Which" value={active} onChange={(event) => setActive(event.target.value)}>
          <option value="true">in use and candidates</option>
          <option value="any">retired ones, too</option>
        </select>
      </div>
      <Card
        title="Found"
        note={data === undefined ? '' : `${data.patterns.length}${data.next === null ? '' : ' and more'}`}
      >
        {data === undefined ? <Waiting error={error} /> : <Stale error={error} />}
        {data?.patterns.length === 0 ? (
          <Empty>None yet: a pattern is found where several tasks show the same.</Empty>
        ) : null}
        <ul className="rows">
          {data?.patterns.map((pattern) => (
            <Row key={pattern.pattern_id} pattern={pattern} approve={setApproving} />
          ))}
        </ul>
      </Card>
      {approving === undefined ? null : (
        <Approve pattern={approving} changed={reload} close={() => setApproving(undefined)} />
      )}
    </>
  );
}

interface ApproveProps {
  readonly pattern: Pattern;
  readonly changed: () => void;
  readonly close: () => void;
}

/** Who lets it through has seen all of it. */
function Approve({ pattern, changed, close }: ApproveProps) {
  const act = async (): Promise<void> => {
    await send('POST', `/patterns/${part(pattern.pattern_id)}/approve`, {});
    changed();
  };
  return (
    <Confirm title="Approve this pattern?" yes="Approve" act={act} close={close}>
      <p>Agents are offered it from now on.</p>
      <Content pattern={pattern} max={approvedShownMax} />
    </Confirm>
  );
}

interface RowProps {
  readonly pattern: Pattern;
  readonly approve: (pattern: Pattern) => void;
}

function Row({ pattern, approve }: RowProps) {
  const { pattern_id: id, pattern_type: type, last_applied_at: last } = pattern;
  return (
    <li className="rejected">
      <div className="grow">
        <Told text={toLine(pattern)} max={400} />{' '}
        <Mark state={types[type] ?? type.replaceAll('_', ' ')} tone="accent" />{' '}
        {pattern.active ? null : <Mark state="retired" />}
        {pattern.active && pattern.candidate ? (
          <>
            <Mark state="candidate" tone="warn" title="Offered to nobody until it is approved." />{' '}
            <button onClick={() => approve(pattern)}>Approve</button>
          </>
        ) : null}
        <details className="small">
          <summary>condition and action</summary>
          <Content pattern={pattern} max={jsonShownMax} />
          <Id id={id} />
        </details>
      </div>
      <dl className="facts small">
        <dt>Effective</dt>
        <dd>
          {pattern.applied_count === 0 ? (
            <span className="soft">never followed yet</span>
          ) : (
            <>
              <Meter value={pattern.effectiveness} label="successes among applications" />{' '}
              <span className="soft">
                {pattern.success_count} of {pattern.applied_count}
              </span>
            </>
          )}
        </dd>
        <dt>Holds</dt>
        <dd>
          <Meter value={pattern.confidence} label="how sure it is that the pattern holds" />
        </dd>
        {last === null ? null : (
          <>
            <dt>Followed last</dt>
            <dd>
              <Moment at={last} />
            </dd>
          </>
        )}
      </dl>
    </li>
  );
}

interface ContentProps {
  readonly pattern: Pattern;
  readonly max: number;
}

function Content({ pattern: { condition, action }, max }: ContentProps) {
  return (
    <>
      <h3>When</h3>
      <pre className="value" tabIndex={0}>
        {toText(condition, max)}
      </pre>
      <h3>Then</h3>
      <pre className="value" tabIndex={0}>
        {toText(action, max)}
      </pre>
    </>
  );
}

/** In words where it has a form of our own; others' patterns may have any, and are shown as they are. */
function toLine({ sentence, condition, action }: Pattern): string {
  return sentence ?? `When ${toText(condition, 120)}, then ${toText(action, 120)}`;
}
