/** One procedure: what it is for, its steps, why it is believed, how it came about, and what may be done with it. */
import { Suspense, lazy, useState } from 'react';
import type { ProcedureStep } from '../../../../../machines/words/sops.ts';
import { part } from '../../node/ask.ts';
import type { Sop } from '../../node/told.ts';
import { useAnswer } from '../../node/use-answer.ts';
import { Card, Empty, Id, Mark, Meter, Moment, PageTop, Stale, Told, Waiting } from '../../parts/parts.tsx';
import { toPlural, toShown } from '../../parts/shown-text.ts';
import { Tabs } from '../../parts/tabs.tsx';
import { toHref } from '../../router.ts';
import { Evidence } from './evidence.tsx';
import { Reliability } from './reliability.tsx';
import { SopActions } from './sop-actions.tsx';
import { Versions } from './versions.tsx';
import { meanings, toNeeds, toOrigin, toPlainLine, toTraits } from './wording.ts';

const SopGraph = lazy(() => import('./sop-graph.tsx'));
const tabs = ['Steps', 'Evidence', 'Reliability', 'Versions'] as const;
const wordingsShownMax = 8;

export function SopPage({ id }: { readonly id: string }) {
  const { data: sop, error, reload } = useAnswer<Sop>(`/sops/${part(id)}`, 15_000);
  const [tab, setTab] = useState<(typeof tabs)[number]>('Steps');
  if (sop === undefined)
    return (
      <>
        <PageTop title="Procedure">
          <a href={toHref('sops')}>All procedures</a>
        </PageTop>
        <Waiting error={error} />
      </>
    );
  const { status, version } = sop.metadata;
  return (
    <>
      <p className="small">
        <a href={toHref('sops')}>← All procedures</a>
      </p>
      <PageTop title={toShown(sop.trigger, 200)} actions={<SopActions sop={sop} changed={reload} />}>
        <Mark state={status} /> {meanings[status]} {toBelief(sop)}
      </PageTop>
      <Stale error={error} />
      <Tabs label="About this procedure" names={tabs} shown={tab} show={setTab} />
      {tab === 'Steps' ? <Steps sop={sop} showEvidence={() => setTab('Evidence')} /> : null}
      {tab === 'Evidence' ? <Evidence sop={sop} /> : null}
      {tab === 'Reliability' ? <Reliability sop={sop} /> : null}
      {tab === 'Versions' ? <Versions id={sop.sop_id} version={version} changed={reload} /> : null}
    </>
  );
}

function toBelief({ occurrences, evidence, confidence, metadata }: Sop): string {
  const tasks = occurrences === 1 ? 'one task' : `${occurrences} tasks`;
  const origin =
    evidence.length === 0
      ? `Whoever wrote it says that ${tasks} went well this way`
      : `${tasks[0]?.toUpperCase()}${tasks.slice(1)} went well this way`;
  const { checked = 0, share } = metadata.reliability ?? {};
  const right =
    checked === 0 || share === null || share === undefined
      ? ''
      : ` Silently predicted ${checked === 1 ? 'once' : `${checked} times`}, it was right in ${Math.round(share * 100)} %.`;
  const waits = metadata.waits_for === undefined ? '' : ` It waits for ${metadata.waits_for}.`;
  return `${origin}; Drey takes it to be right in ${Math.round(confidence * 100)} of 100 cases.${right}${waits}`;
}

function Steps({ sop, showEvidence }: { readonly sop: Sop; readonly showEvidence: () => void }) {
  const [chosen, setChosen] = useState(-1);
  return (
    <div className="pair">
      <div>
        <Card title="In order" className="first">
          {sop.procedure.length === 0 ? (
            <Empty>Its steps are in words only, so there is nothing to draw.</Empty>
          ) : (
            <Suspense fallback={<Empty>Drawing…</Empty>}>
              <SopGraph procedure={sop.procedure} chosen={chosen} choose={setChosen} />
            </Suspense>
          )}
          {sop.procedure.length === 0 ? null : (
            <p className="legend">
              <span>solid border: always</span>
              <span>dashed: sometimes left out</span>
              <span>coloured line: a value is handed on</span>
            </p>
          )}
        </Card>
        <GoodToKnow sop={sop} />
      </div>
      <div>
        <Card title="Step by step" className="second" note="and where each value comes from">
          <StepList sop={sop} chosen={chosen} choose={setChosen} />
        </Card>
        <Why sop={sop} showEvidence={showEvidence} />
      </div>
    </div>
  );
}

interface StepListProps {
  readonly sop: Sop;
  readonly chosen: number;
  readonly choose: (index: number) => void;
}

/** Every line that agents are given, with what is known of its step; a step without a line is told by its tool. */
function StepList({ sop: { procedure, steps }, chosen, choose }: StepListProps) {
  const lines = [...steps, ...procedure.slice(steps.length).map(({ tool }) => tool)];
  return (
    <ol className="stepwise">
      {lines.map((line, index) => {
        const step = procedure[index];
        return (
          <li
            key={`${index} ${line}`}
            aria-current={chosen === index ? 'step' : undefined}
            onMouseEnter={() => choose(index)}
          >
            <div className="head">
              <span className="ordinal">{index + 1}</span>
              <strong>
                <bdi>{toPlainLine(line, index, step).text}</bdi>
              </strong>
              {step === undefined
                ? null
                : toTraits(step).map((trait) => (
                    <span key={trait} className="mark">
                      {trait}
                    </span>
                  ))}
            </div>
            {step === undefined ? null : <Bindings step={step} procedure={procedure} />}
          </li>
        );
      })}
    </ol>
  );
}

function Bindings({
  step: { args, alternatives, requires = [], part: known },
  procedure,
}: {
  readonly step: ProcedureStep;
  readonly procedure: readonly ProcedureStep[];
}) {
  const needs = toNeeds(requires, procedure);
  return (
    <ul className="bindings">
      {Object.entries(args).map(([name, binding]) => (
        <li key={name}>
          <code>{toShown(name, 60)}</code> <span className="soft">{toOrigin(binding)}</span>
        </li>
      ))}
      {alternatives.length === 0 ? null : (
        <li className="soft">
          instead also: <Told text={alternatives.join(', ')} max={200} />
        </li>
      )}
      {needs === undefined ? null : <li className="soft">{needs}</li>}
      {known === undefined ? null : (
        <li className="soft">
          step {known.step + 1} of the part{' '}
          <a href={toHref('sops', known.sop_id)}>
            <Told text={known.name} max={120} />
          </a>
        </li>
      )}
    </ul>
  );
}

function Why({ sop, showEvidence }: { readonly sop: Sop; readonly showEvidence: () => void }) {
  const { first_seen_at: first, last_seen_at: last, version, part_of: partOf } = sop.metadata;
  return (
    <>
      <Card title="Why Drey believes it" className="third-in-line">
        <dl className="facts">
          <dt>Confidence</dt>
          <dd>
            <Meter value={sop.confidence} label="how likely it is right" />
            <p className="small soft">{toGrounds(sop)}</p>
          </dd>
          <dt>Proof</dt>
          <dd>
            {sop.evidence.length === 0 ? (
              'No calls of our own: it was written by hand or learned elsewhere.'
            ) : (
              <>
                {toPlural(sop.occurrences, 'task')}, {toPlural(sop.evidence.length, 'call')} ·{' '}
                <button className="link" onClick={showEvidence}>
                  look at them
                </button>
              </>
            )}
          </dd>
          {first === undefined ? null : (
            <>
              <dt>First seen</dt>
              <dd>
                <Moment at={first} />
              </dd>
            </>
          )}
          {last === undefined ? null : (
            <>
              <dt>Last seen</dt>
              <dd>
                <Moment at={last} />
              </dd>
            </>
          )}
          {partOf === undefined ? null : (
            <>
              <dt>Part of</dt>
              <dd>
                {partOf.map((id) => (
                  <a key={id} href={toHref('sops', id)}>
                    <Id id={id} />
                  </a>
                ))}
                <p className="small soft">Agents are given these for a task, and not the part by itself.</p>
              </dd>
            </>
          )}
          <dt>Version</dt>
          <dd>{version}</dd>
          <dt>Id</dt>
          <dd>
            <Id id={sop.sop_id} />
          </dd>
        </dl>
      </Card>
    </>
  );
}

function GoodToKnow({ sop }: { readonly sop: Sop }) {
  const { pitfalls = [], wordings = [] } = sop.metadata;
  return (
    <Card title="Good to know" className="fourth">
      <h3>Tasks were worded like this</h3>
      <ul className="rows small">
        {[sop.trigger, ...wordings].slice(0, wordingsShownMax).map((wording) => (
          <li key={wording}>
            <Told text={wording} max={200} />
          </li>
        ))}
      </ul>
      {pitfalls.length === 0 ? null : (
        <>
          <h3>What went wrong on the way</h3>
          <ul className="rows small">
            {pitfalls.map(({ tool, program, failedTimes, recoveredBy, recoveredProgram, step }) => (
              <li key={[tool, program, recoveredBy, recoveredProgram].join(' ')}>
                <span>
                  <code>{toShown(toCalled(tool, program), 80)}</code> failed{' '}
                  {failedTimes === 1 ? 'once' : `${failedTimes} times`}
                  {step === undefined ? '' : ` at step ${step + 1}`}
                  {recoveredBy === null
                    ? '; nothing recovered it.'
                    : `; ${recoveredBy === tool && recoveredProgram === program ? 'trying again' : toShown(toCalled(recoveredBy, recoveredProgram), 80)} helped.`}
                </span>
              </li>
            ))}
          </ul>
        </>
      )}
    </Card>
  );
}

/** A tool, and the program that it ran. */
function toCalled(tool: string, program: string | undefined): string {
  return program === undefined ? tool : `${tool} (${program})`;
}

/** What the figure comes from, without the arithmetic. */
function toGrounds({ occurrences, confidence }: Sop): string {
  const much =
    confidence >= 0.8
      ? 'enough to rely on'
      : confidence >= 0.5
        ? 'worth trying, with care'
        : 'not enough to be given unasked';
  return `${much[0]?.toUpperCase()}${much.slice(1)}. It grows with each further task that goes well this way, falls with each that does not, and never reaches 100 % after only ${occurrences}.`;
}
