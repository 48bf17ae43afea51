/** Which namespace is looked at, and with which key; the key stays in this tab. */
import { useState } from 'react';
import { asked } from './node/ask.ts';
import { startFollowing } from './node/live.ts';
import { Confirm } from './parts/confirm.tsx';

export function Access({ close }: { readonly close: () => void }) {
  const [namespace, setNamespace] = useState(asked.namespace);
  const [key, setKey] = useState('');
  const [isHeld, setIsHeld] = useState(() => asked.key() !== '');
  const forget = (): void => {
    asked.forgetKey();
    setKey('');
    setIsHeld(false);
    startFollowing();
  };
  const act = (): Promise<void> => {
    asked.set(key, namespace.trim());
    startFollowing();
    return Promise.resolve();
  };
  return (
    <Confirm title="What to look at" yes="Show" act={act} close={close}>
      <label>
        Namespace
        <input
          value={namespace}
          onChange={(event) => setNamespace(event.target.value)}
          placeholder="your own"
          maxLength={255}
          pattern="[a-z0-9_\-]*"
          autoComplete="off"
          spellCheck={false}
        />
      </label>
      <label>
        Key
        <input
          type="password"
          value={key}
          onChange={(event) => setKey(event.target.value)}
          placeholder={isHeld ? 'the one you gave is kept' : 'none is needed on this machine'}
          autoComplete="off"
        />
      </label>
      {isHeld ? (
        <button type="button" onClick={forget}>
          Forget the key
        </button>
      ) : null}
      <p className="soft">Make a key with “drey keys create”. It is kept until this tab is closed.</p>
    </Confirm>
  );
}
