/** Every version of a procedure with who made it and why, what differs between two, and the way back. */
import { useState } from 'react';
import { part, send, toQuery } from '../../node/ask.ts';
import type { Difference } from '../../node/told.ts';
import { useAnswer } from '../../node/use-answer.ts';
import { Confirm } from '../../parts/confirm.tsx';
import { Card, Empty, Moment, More, Stale, Told, Waiting } from '../../parts/parts.tsx';
import { toShown } from '../../parts/shown-text.ts';

const versionsAskedMax = 50;
const differencesShownMax = 100;
/** Characters shown of each side. */
const differenceMax = 2_000;

interface Version {
  readonly version: number;
  readonly cause: { readonly by?: string; readonly reason?: string };
  readonly created_at: string;
}

interface VersionsProps {
  readonly id: string;
  readonly version: number;
  readonly changed: () => void;
}

export function Versions({ id, version, changed }: VersionsProps) {
  const { data, error, reload } = useAnswer<{ versions: Version[] }>(
    `/sops/${part(id)}/versions${toQuery({ limit: versionsAskedMax })}`,
  );
  const [compared, setCompared] = useState<number>();
  const [back, setBack] = useState<number>();
  if (data === undefined) return <Waiting error={error} />;
  const from = compared ?? data.versions[1]?.version;
  return (
    <div className="grid">
      <Stale error={error} />
      <Card title="Versions" className="half" note="the newest first">
        <ul className="rows">
          {data.versions.map((one) => (
            <li key={one.version}>
              <strong>{one.version}</strong>
              <span className="grow">
                <Told text={one.cause.reason ?? 'learned'} max={160} />
                <span className="small soft">
                  {' '}
                  by <Told text={one.cause.by ?? 'learning'} max={60} /> · <Moment at={one.created_at} />
                </span>
              </span>
              {one.version === version ? (
                <span className="small soft">stands</span>
              ) : (
                <span className="actions">
                  <button
                    className="quiet"
                    aria-pressed={from === one.version}
                    onClick={() => setCompared(one.version)}
                  >
                    Compare
                  </button>
                  <button className="quiet" onClick={() => setBack(one.version)}>
                    Go back to it
                  </button>
                </span>
              )}
            </li>
          ))}
        </ul>
      </Card>
      <Card
        title="What changed"
        className="half"
        note={from === undefined ? '' : `from version ${from} to ${version}`}
      >
        {from === undefined ? (
          <Empty>There is only one version so far.</Empty>
        ) : (
          <Differences id={id} from={from} to={version} />
        )}
      </Card>
      {back === undefined ? null : (
        <GoBack
          id={id}
          version={version}
          to={back}
          close={() => setBack(undefined)}
          changed={() => {
            changed();
            reload();
          }}
        />
      )}
    </div>
  );
}

function GoBack({
  id,
  version: shown,
  to,
  close,
  changed,
}: VersionsProps & { to: number; close: () => void }) {
  // The version that stood when it was asked for: one that came meanwhile was seen by nobody.
  const [version] = useState(shown);
  const act = async (): Promise<void> => {
    const reason = `back to version ${to}, from the console`;
    await send('POST', `/sops/${part(id)}/rollback`, { version, to, reason });
    changed();
  };
  return (
    <Confirm title={`Go back to version ${to}?`} yes="Go back" close={close} act={act}>
      <p>
        Its steps become those of version {to} again, as a new version. Learning no longer rewrites it by
        itself.
      </p>
    </Confirm>
  );
}

function Differences({ id, from, to }: { readonly id: string; readonly from: number; readonly to: number }) {
  const { data, error } = useAnswer<{ differences: Difference[] }>(
    `/sops/${part(id)}/diff${toQuery({ from, to })}`,
  );
  if (data === undefined) return <Waiting error={error} />;
  if (data.differences.length === 0) return <Empty>Their content is the same.</Empty>;
  return (
    <div className="scroll">
      <Stale error={error} />
      <table className="diff">
        <thead>
          <tr>
            <th>Where</th>
            <th>Was</th>
            <th>Is now</th>
          </tr>
        </thead>
        <tbody>
          {data.differences.slice(0, differencesShownMax).map(({ path, was, now }) => (
            <tr key={path}>
              <td>
                <code>{toShown(path, 80)}</code>
              </td>
              <td className="was">{was === null ? '–' : <Told text={was} max={differenceMax} />}</td>
              <td className="is-now">{now === null ? '–' : <Told text={now} max={differenceMax} />}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <More count={data.differences.length - differencesShownMax} what="differences" />
    </div>
  );
}
