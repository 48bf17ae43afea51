/** A wire for tests that need a bus: it stands before it is handed out, however slow the machine is. */
import { openWire, type Wire, type WireOptions } from '../../src/wire/wire.ts';
import { quietLog } from './quiet-log.ts';

/** Opens a wire and waits until it stands. */
export async function openStandingWire(
  options: Pick<WireOptions, 'url' | 'prefix'> & Partial<WireOptions>,
): Promise<Wire> {
  const wire = await openWire({ name: 'test', log: quietLog, now: () => Date.now(), ...options });
  await wire.whenConnected();
  return wire;
}
