/**
 * How far V8 lets the heap grow between two full collections. On a machine with much memory it waits until a heap of
 * 80 MB has become 300, and never gives those pages back; a process that runs beside an agent all day must not.
 */
import { setFlagsFromString } from 'node:v8';

/** Of what lived after the last full collection, in percent. */
const growthPercent = 50;

/** To be called once, when the process begins; all its isolates keep to it. */
export function keepHeapSmall(): void {
  // V8 reads it at the end of each collection, so that it counts from the next one on.
  setFlagsFromString(`--heap-growing-percent=${growthPercent}`);
}
