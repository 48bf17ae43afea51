/** Puts what nobody could handle among the dead letters, with the reason; it is said to be parked only when it is stored there. */
import type { Line } from './connect.ts';
import { encodeDeadLetter } from './envelope.ts';
import type { Parking } from './follow.ts';
import { toPath } from './parcel.ts';
import { sendParcel } from './publish.ts';
import { toAddressOf, toDeadSubject } from './subjects.ts';

export interface ParkParts {
  readonly line: Line;
  readonly root: string;
  readonly now: () => number;
  /** What may be kept of a message: it may come from anybody. */
  readonly hideText: (namespace: string, text: string) => string;
}

/** Parks one message of a stream for whoever gave up on it. */
export async function park(parts: ParkParts, stream: string, by: string, parking: Parking): Promise<void> {
  const { message, code, reason, attempts } = parking;
  const address = toAddressOf(message.subject, parts.root) ?? {
    namespace: '_system',
    kind: 'node',
    id: 'unknown',
  };
  const letter = {
    reason: parts.hideText(address.namespace, reason),
    code,
    stream,
    sequence: message.seq,
    subject: message.subject,
    by,
    attempts,
    at: new Date(parts.now()).toISOString(),
  };
  await sendParcel(parts.line, parts.root, {
    path: toPath(toDeadSubject(address)),
    id: `dead:${by}:${stream}:${message.seq}`,
    payload: encodeDeadLetter(letter, hideBody(parts, address.namespace, message.data)),
  });
}

function hideBody(parts: ParkParts, namespace: string, body: Uint8Array): Uint8Array {
  const text = Buffer.from(body).toString('utf8');
  const shown = parts.hideText(namespace, text);
  return shown === text ? body : Buffer.from(shown);
}
