/** Beginning a guided run of a procedure: its task is asked for, and the page of the run opened. Nothing is called by it yet. */
import { useState } from 'react';
import { part, send } from '../../node/ask.ts';
import type { Sop } from '../../node/told.ts';
import { Confirm } from '../../parts/confirm.tsx';
import { go, toHref } from '../../router.ts';

const taskMax = 2_000;

export function FollowSop({ sop, close }: { readonly sop: Sop; readonly close: () => void }) {
  const [task, setTask] = useState('');
  const act = async (): Promise<void> => {
    const stated = task.trim() === '' ? {} : { task: task.trim() };
    const { run_id: id } = await send<{ run_id: string }>('POST', `/sops/${part(sop.sop_id)}/runs`, stated);
    go(toHref('runs', id));
  };
  return (
    <Confirm title="Follow this procedure?" yes="Begin" act={act} close={close}>
      <p>
        A guided run begins, and its page opens. Nothing is called yet: you move it on call by call, and it
        asks before anything is changed. That you began it goes into the audit log.
      </p>
      <label>
        The task, whose words fill in what the steps need
        <textarea
          rows={3}
          maxLength={taskMax}
          value={task}
          placeholder={sop.trigger}
          onChange={(event) => setTask(event.target.value)}
        />
      </label>
    </Confirm>
  );
}
