/** Tools: what agents can call, as it was pinned, and what is held back until a person has looked at it. */
import { useState } from 'react';
import { send } from '../node/ask.ts';
import type { Difference } from '../node/told.ts';
import { useAnswer } from '../node/use-answer.ts';
import type { Answer } from '../node/use-answer.ts';
import { Confirm } from '../parts/confirm.tsx';
import { Card, Empty, Mark, More, PageTop, Stale, Told, Waiting, Wrong } from '../parts/parts.tsx';
import { toShown } from '../parts/shown-text.ts';

interface Tool {
  readonly name: string;
  readonly server: string;
  readonly tool: string;
  readonly description: string;
  readonly stale: boolean;
  readonly flags: readonly string[];
  readonly pin: { readonly hash: string; readonly status: string; readonly approvedBy: string | null } | null;
}

interface Reviewed {
  readonly server: string;
  readonly tool: string;
  readonly why: string;
  readonly sentence: string;
  readonly hash: string | null;
  readonly differences: readonly Difference[];
  readonly definition: Readonly<Record<string, unknown>> | null;
  readonly hidden: readonly { readonly path: string; readonly characters: readonly string[] }[];
}

const toolsShownMax = 200;
const differencesShownMax = 30;
/** Characters of what is approved, and of each list about it. */
const offerShownMax = 20_000;

export default function Tools() {
  const { data, error, reload } = useAnswer<{ tools: Tool[]; held: { server: string }[] }>('/tools', 15_000);
  const review = useAnswer<{ tools: Reviewed[] }>('/tools/review', 15_000);
  const [words, setWords] = useState('');
  const [asking, setAsking] = useState<Reviewed>();
  const sought = words.toLowerCase();
  const found =
    data?.tools.filter(({ name, description }) => `${name} ${description}`.toLowerCase().includes(sought)) ??
    [];
  return (
    <>
      <PageTop title="Tools">
        Each tool is remembered exactly as it was first seen. One that changes behind your back is held back
        until somebody approves it.
      </PageTop>
      <Waits review={review} choose={setAsking} />
      <div className="filters filters-apart">
        <input
          type="search"
          aria-label="Search tools"
          placeholder="Search name or description"
          value={words}
          onChange={(event) => setWords(event.target.value)}
        />
      </div>
      <Card title="Catalogue" note={`${found.length} tools`}>
        {data === undefined ? <Waiting error={error} /> : <Stale error={error} />}
        {data === undefined ? null : <Catalogue tools={found.slice(0, toolsShownMax)} />}
      </Card>
      {asking === undefined ? null : (
        <Approve
          asking={asking}
          close={() => setAsking(undefined)}
          changed={() => {
            review.reload();
            reload();
          }}
        />
      )}
    </>
  );
}

interface ApproveProps {
  readonly asking: Reviewed;
  readonly close: () => void;
  readonly changed: () => void;
}

/** The question, with all that an agent would be told: what is approved is this very definition, by its fingerprint. */
function Approve({ asking, ...rest }: ApproveProps) {
  const { server, tool, hash } = asking;
  const act = async (): Promise<void> => {
    await send('POST', '/tools/approve', { server, tools: [{ tool, hash }] });
    rest.changed();
  };
  return (
    <Confirm title={`Approve ${toShown(tool, 80)}?`} yes="Approve" act={act} close={rest.close}>
      <p>Agents may call it as it is offered now. Should it change once more, it is held back again.</p>
      <Offered one={asking} />
    </Confirm>
  );
}

/** Everything that a tool says of itself, what of it changed, and what of it nobody sees. */
function Offered({ one: { definition, differences, hidden } }: { readonly one: Reviewed }) {
  const changes = differences.map(
    ({ path, was, now }) => `${path}\n  was: ${was ?? '–'}\n  now: ${now ?? '–'}`,
  );
  const unseen = hidden.map(({ path, characters }) => `${path}: ${characters.join(' ')}`);
  return (
    <>
      <Whole title="What changed" text={changes.join('\n\n')} />
      <Whole title="Characters that people do not see" text={unseen.join('\n')} />
      <Whole
        title="What is offered"
        text={definition === null ? '' : JSON.stringify(definition, undefined, 2)}
      />
    </>
  );
}

function Whole({ title, text }: { readonly title: string; readonly text: string }) {
  return text === '' ? null : (
    <div>
      <h3>{title}</h3>
      <pre className="value" tabIndex={0}>
        {toShown(text, offerShownMax)}
      </pre>
    </div>
  );
}

interface WaitsProps {
  readonly review: Answer<{ tools: Reviewed[] }>;
  readonly choose: (one: Reviewed) => void;
}

function Waits({ review, choose }: WaitsProps) {
  return (
    <Card title="Waiting for a person" note={`${review.data?.tools.length ?? 0}`}>
      <Wrong sentence={review.error} />
      {review.data?.tools.length === 0 ? <Empty>Nothing waits: every tool is as it was pinned.</Empty> : null}
      <ul className="rows">
        {review.data?.tools.slice(0, toolsShownMax).map((one) => (
          <li key={`${one.server} ${one.tool}`}>
            <div className="grow">
              <strong>
                {toShown(one.server, 60)} · {toShown(one.tool, 100)}
              </strong>{' '}
              <Mark state={one.why} tone="warn" />
              <p className="small soft">
                <Told text={one.sentence} max={300} />
              </p>
              {one.differences.slice(0, differencesShownMax).map(({ path, was, now }) => (
                <p key={path} className="small">
                  <code>{toShown(path, 80)}</code> <del className="was">{toShown(was ?? '–', 160)}</del>{' '}
                  <ins className="is-now">{toShown(now ?? '–', 160)}</ins>
                </p>
              ))}
              <More count={one.differences.length - differencesShownMax} what="differences" />
              {one.definition === null ? null : (
                <details className="small">
                  <summary>all that it says of itself</summary>
                  <Offered one={one} />
                </details>
              )}
            </div>
            {one.hash === null ? null : <button onClick={() => choose(one)}>Approve</button>}
          </li>
        ))}
      </ul>
    </Card>
  );
}

function Catalogue({ tools }: { readonly tools: readonly Tool[] }) {
  if (tools.length === 0) return <Empty>No tool matches.</Empty>;
  return (
    <div className="scroll">
      <table className="cards">
        <thead>
          <tr>
            <th>Tool</th>
            <th>Server</th>
            <th>What it says of itself</th>
            <th>Pin</th>
          </tr>
        </thead>
        <tbody>
          {tools.map((tool) => (
            <tr key={tool.name}>
              <td className="tool-name">
                <code>{toShown(tool.name, 100)}</code>
              </td>
              <td className="soft server-name">{toShown(tool.server, 60)}</td>
              <td className="small soft">
                <Told text={tool.description} max={180} />
              </td>
              <td>
                {tool.pin === null ? (
                  <Mark state="not pinned" tone="warn" />
                ) : (
                  <Mark state={tool.pin.status} title={tool.pin.hash} />
                )}
                {tool.stale ? <Mark state="away" tone="warn" /> : null}
                {tool.flags.slice(0, 4).map((flag) => (
                  <Mark key={flag} state={flag} tone="warn" />
                ))}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
