/** Memory: what agents remember together, searched, and what each memory is linked with. */
import { Suspense, lazy, useMemo, useState } from 'react';
import { part, toQuery } from '../node/ask.ts';
import type { Sop } from '../node/told.ts';
import { useAnswer } from '../node/use-answer.ts';
import { Card, Empty, Id, Mark, Moment, PageTop, Stale, Told, Waiting } from '../parts/parts.tsx';
import { toHref } from '../router.ts';

interface Memory {
  readonly memory_id: string;
  readonly content: string;
  readonly kind: string;
  readonly tags: readonly string[];
  readonly author: string;
  readonly stated: number;
  readonly updated_at: string;
  readonly relevance?: number;
}

interface Link {
  readonly from: { readonly kind: string; readonly id: string };
  readonly to: { readonly kind: string; readonly id: string };
  readonly relation: string;
  readonly weight: number;
}

const Graph = lazy(() => import('../parts/graph.tsx'));
const memoriesAsked = 50;
const linksAsked = 30;
/** Procedures whose triggers are asked for, to name linked ones. */
const sopsNamedMax = 200;

export default function MemoryPage() {
  const [words, setWords] = useState('');
  const [query, setQuery] = useState('');
  const [chosen, setChosen] = useState<Memory>();
  const { data, error } = useAnswer<{ memories: Memory[] }>(
    `/memories${toQuery({ query, limit: memoriesAsked })}`,
    15_000,
  );
  return (
    <>
      <PageTop title="Memory">Facts that agents stored for one another, and how they hang together.</PageTop>
      <form
        className="filters"
        onSubmit={(event) => {
          event.preventDefault();
          setQuery(words.trim());
        }}
      >
        <input
          type="search"
          aria-label="Search memories"
          placeholder="Words or a question"
          value={words}
          maxLength={2_000}
          onChange={(event) => setWords(event.target.value)}
        />
        <button>Search</button>
      </form>
      <div className="grid">
        <Card
          title={query === '' ? 'Latest' : 'Best first'}
          className="half"
          note={data === undefined ? '' : `${data.memories.length} shown`}
        >
          {data === undefined ? <Waiting error={error} /> : <Stale error={error} />}
          {data?.memories.length === 0 ? (
            <Empty>
              {query === ''
                ? 'Nothing is remembered yet. Agents store facts with the tool “memory”.'
                : 'Nothing was found.'}
            </Empty>
          ) : null}
          <Memories memories={data?.memories ?? []} chosen={chosen} choose={setChosen} />
        </Card>
        <Card title="Linked with" className="half">
          {chosen === undefined ? (
            <Empty>Choose “Links” on a memory to see what it hangs together with.</Empty>
          ) : (
            <Links key={chosen.memory_id} memory={chosen} listed={data?.memories ?? []} />
          )}
        </Card>
      </div>
    </>
  );
}

interface MemoriesProps {
  readonly memories: readonly Memory[];
  readonly chosen: Memory | undefined;
  readonly choose: (memory: Memory) => void;
}

function Memories({ memories, chosen, choose }: MemoriesProps) {
  return (
    <ul className="rows">
      {memories.map((memory) => (
        <li key={memory.memory_id}>
          <div className="grow">
            <Told text={memory.content} max={300} />
            <div className="small soft">
              <Mark state={memory.kind} /> by <Told text={memory.author} max={60} /> ·{' '}
              <Moment at={memory.updated_at} />
              {memory.relevance === undefined ? null : ` · ${Math.round(memory.relevance * 100)} % relevant`}
            </div>
          </div>
          <button
            className="quiet"
            aria-pressed={chosen?.memory_id === memory.memory_id}
            onClick={() => choose(memory)}
          >
            Links
          </button>
        </li>
      ))}
    </ul>
  );
}

interface LinksProps {
  readonly memory: Memory;
  /** Those in the list: what is linked is told by what it says, where that is known. */
  readonly listed: readonly Memory[];
}

function Links({ memory, listed }: LinksProps) {
  const { data, error } = useAnswer<{ neighbours: Link[] }>(
    `/graph/${part(memory.memory_id)}/neighbours${toQuery({ limit: linksAsked })}`,
  );
  const links = data?.neighbours;
  const hasSops = links?.some(({ from, to }) => from.kind === 'sop' || to.kind === 'sop') === true;
  const { data: told } = useAnswer<{ sops: Sop[] }>(hasSops ? `/sops?limit=${sopsNamedMax}` : undefined);
  const names = useMemo(
    () =>
      new Map([
        ...[memory, ...listed].map((one): [string, string] => [`memory ${one.memory_id}`, one.content]),
        ...(told?.sops ?? []).map((one): [string, string] => [`sop ${one.sop_id}`, one.trigger]),
      ]),
    [memory, listed, told],
  );
  const drawn = useMemo(() => toDrawing(memory, links ?? [], names), [memory, links, names]);
  const lit = useMemo(() => new Set([`memory ${memory.memory_id}`]), [memory]);
  if (links === undefined) return <Waiting error={error} />;
  if (links.length === 0) return <Empty>It stands alone so far.</Empty>;
  return (
    <>
      <Stale error={error} />
      <Suspense fallback={<Empty>Drawing…</Empty>}>
        <Graph {...drawn} lit={lit} direction="LR" label="What this memory is linked with" />
      </Suspense>
      <ul className="rows small">
        {links.map(({ from, to, relation, weight }) => (
          <li key={`${from.id} ${relation} ${to.id}`}>
            <span className="grow">
              <End {...from} names={names} /> <span className="soft">{relation.replaceAll('_', ' ')}</span>{' '}
              <End {...to} names={names} />
            </span>
            <span className="soft">{Math.round(weight * 100)} %</span>
          </li>
        ))}
      </ul>
    </>
  );
}

interface EndProps {
  readonly kind: string;
  readonly id: string;
  readonly names: ReadonlyMap<string, string>;
}

/** One end of a link: what it says, or its id; a procedure leads to its page. */
function End({ kind, id, names }: EndProps) {
  const name = names.get(`${kind} ${id}`);
  const shown = name === undefined ? <Id id={id} /> : <Told text={name} max={80} />;
  return kind === 'sop' ? <a href={toHref('sops', id)}>{shown}</a> : shown;
}

function toDrawing(memory: Memory, links: readonly Link[], names: ReadonlyMap<string, string>) {
  const boxes = new Map([[`memory ${memory.memory_id}`, memory.content]]);
  for (const { from, to } of links)
    for (const { kind, id } of [from, to])
      if (!boxes.has(`${kind} ${id}`)) boxes.set(`${kind} ${id}`, names.get(`${kind} ${id}`) ?? id);
  return {
    boxes: [...boxes].map(([id, title]) => ({ id, title, note: id.split(' ', 1)[0] ?? '' })),
    lines: links.map(({ from, to, relation }) => ({
      from: `${from.kind} ${from.id}`,
      to: `${to.kind} ${to.id}`,
      label: relation.replaceAll('_', ' '),
    })),
  };
}
