/** What was learned, in a few lines on the first page: the most certain procedures, each leading to its proof. */
import type { Sop } from '../../node/told.ts';
import { useAnswer } from '../../node/use-answer.ts';
import { Card, Empty, Mark, Meter, Stale, Told, Waiting } from '../../parts/parts.tsx';
import { toPlural } from '../../parts/shown-text.ts';
import { toHref } from '../../router.ts';
import { meanings } from '../sop/wording.ts';

const shownMax = 5;
/** More are asked for: parts of procedures are left to the page of all. */
const askedMax = 40;

export function Learned() {
  const { data, error } = useAnswer<{ sops: Sop[] }>(`/sops?limit=${askedMax}`, 10_000);
  const shown = data?.sops.filter(({ metadata }) => metadata.part_of === undefined).slice(0, shownMax);
  return (
    <Card title="What was learned" note={<a href={toHref('sops')}>All procedures</a>}>
      {data === undefined ? <Waiting error={error} /> : <Stale error={error} />}
      {shown?.length === 0 ? (
        <Empty>
          Nothing yet. Once an agent has done the same kind of task three times, the way it went stands here,
          with its proof.
        </Empty>
      ) : null}
      <ul className="rows">
        {shown?.map(({ sop_id: id, trigger, confidence, occurrences, procedure, metadata: { status } }) => (
          <li key={id} className="rejected">
            <Mark state={status} title={meanings[status] ?? ''} />
            <div className="grow">
              <a href={toHref('sops', id)}>
                <Told text={trigger} max={160} />
              </a>
              <p className="small soft">
                {toPlural(procedure.length, 'step')}, learned from {toPlural(occurrences, 'task')}
              </p>
            </div>
            <Meter value={confidence} label="how likely it is right" />
          </li>
        ))}
      </ul>
    </Card>
  );
}
