/**
 * How far a procedure's confidence can be trusted: what a backtest of this namespace's own history found for answers
 * that were as sure as this one, and when that was. The node does the sums; this only finds the place.
 */
import { useState } from 'react';
import type {
  BacktestCard,
  BacktestReport,
  ReliabilityBin,
} from '../../../../../machines/words/backtests.ts';
import { send } from '../../node/ask.ts';
import type { Sop } from '../../node/told.ts';
import { useAnswer } from '../../node/use-answer.ts';
import { Confirm } from '../../parts/confirm.tsx';
import { Card, Empty, Mark, Moment, Stale, Waiting, Wrong } from '../../parts/parts.tsx';
import { ReliabilityChart } from '../../parts/reliability-chart.tsx';
import { toCount } from '../../parts/shown-text.ts';

const askEveryMs = { open: 1_000, rest: 30_000 };

const words = {
  time: 'The past teaches, the newer part is asked',
  task: 'No task stands on both sides',
} as const;

export function Reliability({ sop }: { readonly sop: Sop }) {
  const { data, error, reload, last, isOpen } = useBacktests();
  const [asking, setAsking] = useState(false);
  const done = data?.backtests.find(({ state }) => state === 'done');
  return (
    <>
      <Card title="Is its confidence honest?" note={<Checked report={done} />}>
        {data === undefined ? <Waiting error={error} /> : <Stale error={error} />}
        <Wrong sentence={last?.error?.message ?? ''} />
        {data === undefined ? null : <Found sop={sop} cards={done?.cards} />}
        <div className="actions more">
          <button disabled={isOpen} onClick={() => setAsking(true)}>
            {isOpen ? `Looking at the history: ${toCount(last?.episodes ?? 0)} tasks read` : 'Check it now'}
          </button>
        </div>
      </Card>
      <Cards cards={done?.cards ?? []} confidence={sop.confidence} />
      {asking ? <Check close={() => setAsking(false)} started={reload} /> : null}
    </>
  );
}

/** The namespace's backtests, asked for more often while one is under way. */
function useBacktests() {
  const [open, setOpen] = useState(false);
  const answer = useAnswer<{ backtests: BacktestReport[] }>(
    '/backtests',
    open ? askEveryMs.open : askEveryMs.rest,
  );
  const last = answer.data?.backtests[0];
  const isOpen = last !== undefined && last.ended_at === null;
  if (isOpen !== open) setOpen(isOpen);
  return { ...answer, last, isOpen };
}

interface CardsProps {
  readonly cards: readonly BacktestCard[];
  readonly confidence: number;
}

function Cards({ cards, confidence }: CardsProps) {
  return (
    <div className="grid more">
      {cards.map((card) => (
        <Card
          key={card.split}
          title={words[card.split]}
          className="half"
          note={`${toCount(card.held_out)} tasks asked`}
        >
          <ReliabilityChart bins={card.reliability.procedures} mark={confidence} />
          <Scores card={card} />
        </Card>
      ))}
    </div>
  );
}

function Checked({ report }: { readonly report: BacktestReport | undefined }) {
  const at = report?.ended_at ?? undefined;
  if (at === undefined) return 'never checked';
  return (
    <>
      checked <Moment at={at} />
    </>
  );
}

function Check({ close, started }: { readonly close: () => void; readonly started: () => void }) {
  return (
    <Confirm
      title="Check it against your own history?"
      yes="Check"
      close={close}
      act={async () => {
        await send('POST', '/backtests', {});
        started();
      }}
    >
      <p>
        A part of what agents did here teaches, and the rest is asked, as if Drey had known only that much. It
        runs beside the node, takes seconds to minutes, and changes nothing.
      </p>
    </Confirm>
  );
}

interface FoundProps {
  readonly sop: Sop;
  readonly cards: readonly BacktestCard[] | undefined;
}

function Found({ sop: { confidence, occurrences }, cards }: FoundProps) {
  if (cards === undefined)
    return (
      <Empty>
        It says {toPercent(confidence)}, from {occurrences} tasks. Whether such a figure is right in your
        history was not checked since the node started.
      </Empty>
    );
  if (cards.length === 0)
    return (
      <Empty>The history of this namespace is too short to check anything: more tasks are needed.</Empty>
    );
  return (
    <ul className="rows">
      {cards.map((card) => {
        const bin = findBin(card.reliability.procedures, confidence);
        return (
          <li key={card.split}>
            <span className="grow">
              {words[card.split]}:{' '}
              {bin === undefined ? (
                <span className="soft">no answer was as sure as this one.</span>
              ) : (
                <>
                  answers about as sure as this one ({toPercent(bin.said)}) were right in{' '}
                  <strong>{toPercent(bin.right)}</strong>{' '}
                  <span className="soft">of {toCount(Math.round(bin.weight))}</span>
                </>
              )}
            </span>
            {bin === undefined ? null : <Verdict bin={bin} />}
          </li>
        );
      })}
    </ul>
  );
}

/** Answers needed before a gap says anything. */
const answersMin = 5;
/** How far said and found may lie apart. */
const honestWithin = 0.15;

function Verdict({ bin: { said, right, weight } }: { readonly bin: ReliabilityBin }) {
  if (weight < answersMin) return <Mark state="too few to say" />;
  if (said - right > honestWithin) return <Mark state="too sure" tone="warn" />;
  return right - said > honestWithin ? (
    <Mark state="too modest" tone="soft" />
  ) : (
    <Mark state="honest" tone="good" />
  );
}

/** The answers that were about as sure; none where the nearest are far away. */
function findBin(bins: readonly ReliabilityBin[], confidence: number): ReliabilityBin | undefined {
  const near = bins
    .filter(({ weight }) => weight > 0)
    .toSorted((one, other) => Math.abs(one.said - confidence) - Math.abs(other.said - confidence))[0];
  return near === undefined || Math.abs(near.said - confidence) > honestWithin ? undefined : near;
}

/** Figures of the whole namespace, each beside doing without learning. */
function Scores({ card: { scores, baselines } }: { readonly card: BacktestCard }) {
  const shown = [
    ['sop1_f1', 'Procedure right'],
    ['next1', 'Next step right'],
    ['binding_p', 'Arguments right'],
  ] as const;
  return (
    <dl className="facts small more">
      {shown.map(([key, name]) => {
        const value = scores[key];
        const without = Math.max(...Object.values(baselines).map((one) => one[key] ?? 0));
        return value === undefined ? null : (
          <FigureRow key={key} name={name} value={value} without={without} />
        );
      })}
    </dl>
  );
}

function FigureRow({ name, value, without }: { name: string; value: number; without: number }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>
        {toPercent(value)}{' '}
        <span className="soft">of the namespace, {toPercent(without)} without learning</span>
      </dd>
    </>
  );
}

const toPercent = (share: number): string => `${Math.round(share * 100)} %`;
