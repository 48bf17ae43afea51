/** Editing a procedure: its task, the words of its steps, which may be left out or repeat, and which go. */
import { useState } from 'react';
import { part, send } from '../../node/ask.ts';
import type { Sop } from '../../node/told.ts';
import { Confirm } from '../../parts/confirm.tsx';
import { toShown } from '../../parts/shown-text.ts';
import { toEdited, toLines } from './edited.ts';
import type { Line } from './edited.ts';

interface EditSopProps {
  readonly sop: Sop;
  readonly changed: () => void;
  readonly close: () => void;
}

export function EditSop({ sop: shown, changed, close }: EditSopProps) {
  // What was on the screen when it opened: a newer version that came meanwhile is not what was edited.
  const [sop] = useState(shown);
  const [trigger, setTrigger] = useState(sop.trigger);
  const [reason, setReason] = useState('');
  const [lines, setLines] = useState(() => toLines(sop.steps, sop.procedure));
  const beyond = sop.procedure.length - sop.steps.length;
  const change = (was: number, with_: Partial<Line>): void =>
    setLines(lines.map((line) => (line.was === was ? { ...line, ...with_ } : line)));
  const act = async (): Promise<void> => {
    await send('PATCH', `/sops/${part(sop.sop_id)}`, {
      version: sop.metadata.version,
      reason: reason.trim() || 'edited in the console',
      trigger,
      steps: lines.map(({ text }, index) => `${index + 1}. ${text}`),
      ...(sop.procedure.length === 0 ? {} : { procedure: toEdited(lines, sop.procedure, sop.steps.length) }),
    });
    changed();
  };
  return (
    <Confirm title="Edit this procedure" yes="Save as a new version" act={act} close={close}>
      <p className="small soft">
        Agents get the new version at once, if it is active. Learning no longer rewrites it.
      </p>
      <label>
        When the task is like
        <textarea rows={2} value={trigger} onChange={(event) => setTrigger(event.target.value)} />
      </label>
      <ol className="edit-steps">
        {lines.map((line, index) => (
          <EditedLine
            key={line.was}
            line={line}
            index={index}
            change={(changes) => change(line.was, changes)}
            remove={
              lines.length === 1 ? undefined : () => setLines(lines.filter(({ was }) => was !== line.was))
            }
          />
        ))}
      </ol>
      {beyond <= 0 ? null : (
        <p className="small soft">
          Programs get {beyond} more {beyond === 1 ? 'step' : 'steps'} that no line tells of; they stay as
          they are.
        </p>
      )}
      <label>
        Reason, kept with the version
        <input value={reason} maxLength={500} onChange={(event) => setReason(event.target.value)} />
      </label>
    </Confirm>
  );
}

interface EditedLineProps {
  readonly line: Line;
  readonly index: number;
  readonly change: (changes: Partial<Line>) => void;
  readonly remove: (() => void) | undefined;
}

function EditedLine({ line: { text, step }, index, change, remove }: EditedLineProps) {
  return (
    <li>
      <label>
        Step {index + 1}
        <textarea
          rows={2}
          value={text}
          maxLength={1_900}
          onChange={(event) => change({ text: event.target.value })}
        />
      </label>
      <span className="edit-traits">
        {step === undefined ? null : (
          <>
            <Tick
              name="may be left out"
              on={step.optional}
              turn={(optional) => change({ step: { ...step, optional } })}
            />
            <Tick
              name="may repeat"
              on={step.repeated}
              turn={(repeated) => change({ step: { ...step, repeated } })}
            />
          </>
        )}
        <button
          type="button"
          className="quiet"
          disabled={remove === undefined}
          onClick={remove}
          aria-label={`Remove step ${index + 1}, ${toShown(text, 40)}`}
        >
          Remove
        </button>
      </span>
    </li>
  );
}

function Tick({ name, on, turn }: { name: string; on: boolean; turn: (on: boolean) => void }) {
  return (
    <label className="tick">
      <input type="checkbox" checked={on} onChange={(event) => turn(event.target.checked)} /> {name}
    </label>
  );
}
