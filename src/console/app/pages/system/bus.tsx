/** The bus: each stream with what is in it, each consumer with what it has still to do. */
import type { Answer } from '../../node/use-answer.ts';
import { Card, Empty, Mark, Stale, Waiting, Wrong } from '../../parts/parts.tsx';
import { toBytes, toCount, toDuration, toPlural, toShown } from '../../parts/shown-text.ts';
import type { Consumer, Stream, Underneath } from './underneath.ts';

/** Consumers in the table; the node tells those with the most to do first. */
const consumersShownMax = 100;

export function Bus({ answer: { data, error } }: { readonly answer: Answer<Underneath> }) {
  const bus = data?.bus ?? null;
  return (
    <Card
      title="Streams and consumers"
      note={bus === null ? '' : `nats-server ${toShown(bus.server ?? '', 40)}`}
    >
      {data === undefined ? <Waiting error={error} /> : <Stale error={error} />}
      <Wrong sentence={data?.bus_reason ?? ''} />
      {bus === null ? null : (
        <>
          <Streams streams={bus.streams} />
          <h3 className="apart">Who reads them</h3>
          <Consumers consumers={bus.consumers.slice(0, consumersShownMax)} />
          <Passing bus={bus} />
        </>
      )}
    </Card>
  );
}

/** The streams count everybody who reads; only those that keep their place are listed. */
function Passing({ bus: { streams, consumers } }: { readonly bus: NonNullable<Underneath['bus']> }) {
  const passing = streams.reduce((sum, one) => sum + one.consumers, 0) - consumers.length;
  return passing <= 0 ? null : (
    <p className="small soft">
      Besides, {toPlural(passing, 'reader')} without a place of {passing === 1 ? 'its' : 'their'} own: whoever
      looks at what happens now, this page among them.
    </p>
  );
}

function Streams({ streams }: { readonly streams: readonly Stream[] }) {
  return (
    <div className="scroll">
      <table className="cards">
        <thead>
          <tr>
            <th>Stream</th>
            <th className="number">Messages</th>
            <th className="number">Size</th>
            <th className="number">First</th>
            <th className="number">Last</th>
            <th>Kept</th>
            <th className="number">Consumers</th>
          </tr>
        </thead>
        <tbody>
          {streams.map((one) => (
            <tr key={one.stream}>
              <td>
                <code>{toShown(one.stream, 60)}</code>
              </td>
              <td className="number" data-is="messages">
                {toCount(one.messages)}
              </td>
              <td className="number" data-is="size">
                {toBytes(one.bytes)}
              </td>
              <td className="number" data-is="first">
                {toCount(one.first_sequence)}
              </td>
              <td className="number" data-is="last">
                {toCount(one.last_sequence)}
              </td>
              <td className="soft small">{toKept(one)}</td>
              <td className="number" data-is="consumers">
                {toCount(one.consumers)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function toKept({ kept_ms: keptMs, bytes_max: bytesMax }: Stream): string {
  const parts = [
    ...(keptMs === null ? [] : [toDuration(Math.round(keptMs / 1_000))]),
    ...(bytesMax === null ? [] : [toBytes(bytesMax)]),
  ];
  return parts.length === 0 ? 'for ever' : `up to ${parts.join(' and ')}`;
}

function Consumers({ consumers }: { readonly consumers: readonly Consumer[] }) {
  if (consumers.length === 0) return <Empty>None with a place of its own yet.</Empty>;
  return (
    <div className="scroll">
      <table className="cards">
        <thead>
          <tr>
            <th>Consumer</th>
            <th>Stream</th>
            <th className="number">Not given yet</th>
            <th className="number">Given, not settled</th>
            <th className="number">Given again</th>
            <th className="number">Settled up to</th>
            <th>Lag</th>
          </tr>
        </thead>
        <tbody>
          {consumers.map((one) => (
            <tr key={`${one.stream} ${one.consumer}`}>
              <td>
                <code>{toShown(one.consumer, 80)}</code>
              </td>
              <td className="soft small">{toShown(one.stream, 60)}</td>
              <td className="number" data-is="not given yet">
                {toCount(one.pending)}
              </td>
              <td className="number" data-is="not settled">
                {toCount(one.unsettled)}
              </td>
              <td className="number" data-is="given again">
                {toCount(one.redelivered)}
              </td>
              <td className="number" data-is="settled up to">
                {toCount(one.settled)}
              </td>
              <td>
                <Lag {...one} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Lag({ pending, unsettled, unsettled_max: unsettledMax }: Consumer) {
  if (unsettledMax !== null && unsettled >= unsettledMax) return <Mark state="held back" tone="bad" />;
  const left = pending + unsettled;
  return left === 0 ? (
    <Mark state="has all" tone="good" />
  ) : (
    <Mark state={`${toCount(left)} behind`} tone={left > 1_000 ? 'bad' : 'warn'} />
  );
}
