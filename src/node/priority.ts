/**
 * The lowest priority there is, for a process that everybody else goes before. On Linux it belongs to a thread, and those
 * that V8 collects and compiles with were begun before the first line of a program: each of them is told. It raises nothing.
 */
import { readdirSync } from 'node:fs';
import { constants, setPriority } from 'node:os';

/** The threads of this process; nothing is there on systems whose priorities belong to processes. */
const threadsFolder = '/proc/self/task';

/** Puts all threads of this process behind everything else; those that they begin later are so from the start. */
export function goLast(): void {
  // This thread first: what it begins while the others are told is so already.
  setPriority(constants.priority.PRIORITY_LOW);
  for (const thread of listThreads()) {
    try {
      setPriority(thread, constants.priority.PRIORITY_LOW);
    } catch {
      // It ended meanwhile.
    }
  }
}

function listThreads(): readonly number[] {
  try {
    return readdirSync(threadsFolder).map(Number);
  } catch {
    return [];
  }
}
