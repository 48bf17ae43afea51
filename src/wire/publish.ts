/**
 * Publishing with an answer: short timeouts, the same message id on every try, and at once `bus_unavailable` when the
 * line does not stand. A timeout means that nobody knows; the id makes trying again harmless.
 */
import { JetStreamApiError } from '@nats-io/jetstream';
import { errors } from '@nats-io/transport-node';
import { DreyError, isDreyError, toDreyError } from '../../machines/words/errors.ts';
import type { Line } from './connect.ts';
import type { Ack } from './acknowledged.ts';
import { inOrder } from './in-order.ts';
import type { Parcel } from './parcel.ts';

export type { Ack } from './acknowledged.ts';

const triesMax = 3;
const timeoutDefaultMs = 750;
/** Publishes in flight at a time, unless asked otherwise. */
export const inFlightDefault = 256;

/** Publishes one parcel, up to three times with the same id; throws `bus_unavailable` or `body_too_large`. */
export async function sendParcel(
  line: Line,
  root: string,
  parcel: Parcel,
  options: { readonly timeoutMs?: number; readonly triesMax?: number } = {},
): Promise<Ack> {
  const tries = options.triesMax ?? triesMax;
  for (let attempt = 1; ; attempt += 1) {
    const { acknowledgements } = line.use();
    try {
      return await line.guard(acknowledgements.publish(root, parcel, options.timeoutMs ?? timeoutDefaultMs));
    } catch (error) {
      if (attempt >= tries || !isWorthAnotherTry(error)) throw toBusError(error);
    }
  }
}

/**
 * Publishes in order, at most `inFlightMax` at a time, each once: a failure stops the rest, and whoever sends the same
 * parcels again, in the same order, keeps the order of every subject.
 */
export async function sendAll(
  line: Line,
  root: string,
  parcels: readonly Parcel[],
  options: { readonly inFlightMax?: number; readonly timeoutMs?: number } = {},
): Promise<Ack[]> {
  const { acknowledgements } = line.use();
  const timeoutMs = options.timeoutMs ?? 1_000;
  const send = async (parcel: Parcel): Promise<Ack> => acknowledgements.publish(root, parcel, timeoutMs);
  try {
    return await line.guard(inOrder(parcels, send, { inFlightMax: options.inFlightMax ?? inFlightDefault }));
  } catch (error) {
    throw toBusError(error);
  }
}

function isWorthAnotherTry(error: unknown): boolean {
  return (
    !isDreyError(error) &&
    !(error instanceof JetStreamApiError) &&
    !(error instanceof errors.InvalidArgumentError)
  );
}

/** What the client throws, in the words of this house. */
export function toBusError(error: unknown): DreyError {
  if (isDreyError(error)) return error;
  const tooLarge =
    (error instanceof errors.InvalidArgumentError && error.message.includes('max_payload')) ||
    (error instanceof JetStreamApiError && error.code === 10054);
  if (tooLarge) {
    return new DreyError(
      'body_too_large',
      'the bus does not take messages of this size; raise its max_payload',
      {
        cause: error,
      },
    );
  }
  if (error instanceof JetStreamApiError) {
    return new DreyError('bus_unavailable', `the bus refuses to store: ${error.message}`, {
      cause: error,
      details: { busCode: error.code },
    });
  }
  if (error instanceof errors.TimeoutError) {
    return new DreyError('bus_unavailable', 'the bus did not answer in time', { cause: error });
  }
  return toDreyError(error, 'bus_unavailable');
}
