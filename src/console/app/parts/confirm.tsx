/** The question before anything is changed: it says what will happen, and nothing happens without a yes. */
import { useEffect, useRef, useState } from 'react';
import type { ReactNode } from 'react';
import { Wrong } from './parts.tsx';

interface ConfirmProps {
  readonly title: string;
  readonly yes: string;
  readonly danger?: boolean;
  readonly children: ReactNode;
  readonly act: () => Promise<unknown>;
  readonly close: () => void;
}

/**
 * Asks; closes itself once the node has said that it is done. It is the dialog that closes, and `close` only hears of
 * it: so the focus goes back to where it was, and an answer that comes after the dialog has gone closes no other.
 */
export function Confirm({ title, yes, danger = false, children, act, close }: ConfirmProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [state, setState] = useState({ busy: false, error: '' });
  useEffect(() => {
    const shown = dialog.current;
    if (shown?.open === false) shown.showModal();
  }, []);
  const leave = (): void => dialog.current?.close();
  const run = (): void => {
    setState({ busy: true, error: '' });
    act().then(leave, (error: unknown) =>
      setState({ busy: false, error: error instanceof Error ? error.message : String(error) }),
    );
  };
  return (
    <dialog ref={dialog} onClose={close} aria-label={title}>
      <form
        method="dialog"
        onSubmit={(event) => {
          event.preventDefault();
          run();
        }}
      >
        <h2>{title}</h2>
        {children}
        <Wrong sentence={state.error} />
        <div className="actions">
          <button type="button" onClick={leave}>
            Cancel
          </button>
          <button className={danger ? 'danger' : 'primary'} disabled={state.busy}>
            {yes}
          </button>
        </div>
      </form>
    </dialog>
  );
}
