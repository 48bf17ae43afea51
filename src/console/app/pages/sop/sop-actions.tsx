/** What a person may do with a procedure: say whether it helped, approve it, edit it, retire it. Each asks first. */
import { useState } from 'react';
import { part, send } from '../../node/ask.ts';
import type { Sop } from '../../node/told.ts';
import { Confirm } from '../../parts/confirm.tsx';
import { EditSop } from './edit-sop.tsx';
import { ExportSop } from './export-sop.tsx';
import { FollowSop } from './follow-sop.tsx';

type Asked = 'follow' | 'export' | 'approve' | 'retire' | 'edit' | 'helped' | 'failed';

export function SopActions({ sop, changed }: { readonly sop: Sop; readonly changed: () => void }) {
  const [asking, setAsking] = useState<Asked>();
  const { status } = sop.metadata;
  const close = (): void => setAsking(undefined);
  const canFollow = (status === 'active' || status === 'candidate') && sop.procedure.length > 0;
  return (
    <>
      <button onClick={() => setAsking('helped')}>It helped</button>
      <button onClick={() => setAsking('failed')}>It did not</button>
      {canFollow ? <button onClick={() => setAsking('follow')}>Follow it</button> : null}
      <button onClick={() => setAsking('export')}>Export</button>
      <button onClick={() => setAsking('edit')}>Edit</button>
      {status === 'retired' ? null : <button onClick={() => setAsking('retire')}>Retire</button>}
      {status === 'active' ? null : (
        <button className="primary" onClick={() => setAsking('approve')}>
          Approve
        </button>
      )}
      {asking === 'follow' ? <FollowSop sop={sop} close={close} /> : null}
      {asking === 'export' ? <ExportSop sop={sop} close={close} /> : null}
      {asking === 'edit' ? <EditSop sop={sop} changed={changed} close={close} /> : null}
      {asking === 'approve' || asking === 'retire' ? (
        <Judge sop={sop} what={asking} changed={changed} close={close} />
      ) : null}
      {asking === 'helped' || asking === 'failed' ? (
        <Feedback sop={sop} helpful={asking === 'helped'} changed={changed} close={close} />
      ) : null}
    </>
  );
}

interface JudgeProps {
  readonly sop: Sop;
  readonly what: 'approve' | 'retire';
  readonly changed: () => void;
  readonly close: () => void;
}

function Judge({ sop: shown, what, changed, close }: JudgeProps) {
  // What was on the screen when it was asked for: a newer version that came meanwhile was judged by nobody.
  const [sop] = useState(shown);
  const [reason, setReason] = useState('');
  const act = async (): Promise<void> => {
    await send('PATCH', `/sops/${part(sop.sop_id)}`, {
      version: sop.metadata.version,
      status: what === 'approve' ? 'active' : 'retired',
      reason: reason.trim() || (what === 'approve' ? 'approved in the console' : 'retired in the console'),
    });
    changed();
  };
  return (
    <Confirm
      title={what === 'approve' ? 'Approve this procedure?' : 'Retire this procedure?'}
      yes={what === 'approve' ? 'Approve' : 'Retire'}
      danger={what === 'retire'}
      act={act}
      close={close}
    >
      <p>
        {what === 'approve'
          ? 'Agents that are asked for such a task are given it from now on. Learning goes on counting but no longer changes it.'
          : 'Agents are no longer given it. Nothing is deleted: its versions and evidence stay, and it can be approved again.'}
      </p>
      <label>
        Reason, kept with the version
        <input value={reason} maxLength={500} onChange={(event) => setReason(event.target.value)} />
      </label>
    </Confirm>
  );
}

interface FeedbackProps {
  readonly sop: Sop;
  readonly helpful: boolean;
  readonly changed: () => void;
  readonly close: () => void;
}

function Feedback({ sop, helpful, changed, close }: FeedbackProps) {
  const [notes, setNotes] = useState('');
  const act = async (): Promise<void> => {
    const said = notes.trim() === '' ? {} : { feedback_notes: notes.trim() };
    await send('POST', '/feedback', { pattern_id: sop.sop_id, helpful, ...said });
    changed();
  };
  return (
    <Confirm title={helpful ? 'It helped' : 'It did not help'} yes="Say so" act={act} close={close}>
      <p>
        {helpful
          ? 'Your word raises its confidence a little.'
          : 'Your word lowers its confidence; several such words take it away from agents.'}
      </p>
      <label>
        Notes
        <textarea
          rows={3}
          value={notes}
          maxLength={2_000}
          onChange={(event) => setNotes(event.target.value)}
        />
      </label>
    </Confirm>
  );
}
