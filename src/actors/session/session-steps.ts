/**
 * The calls of a session's open episode, from which its next step is foreseen when an agent does not tell its steps.
 * Kept in memory only, within bounds, as the text that passed; it is read when somebody asks, never on a call's way.
 */
import { toLearnedResult } from '../../access/access.ts';

/** A call that was made, as it is told to whoever foresees. */
export interface MadeStep {
  readonly tool: string;
  readonly args: unknown;
  readonly result: unknown;
  readonly error: boolean;
}

interface Noted {
  readonly tool: string;
  readonly args: string;
  readonly result: string;
  readonly error: boolean;
}

/** The oldest calls go first; longer texts are not kept at all, since half a text cannot be read. */
export const stepNotesBounds = { stepsMax: 60, textMax: 4_096, textInAllMax: 65_536 } as const;

/** Notes of one session; a new task begins with none. */
export class StepNotes {
  #noted: Noted[] = [];
  #length = 0;

  add(tool: string, args: string, result: string, error: boolean): void {
    const noted = { tool, args: toKept(args), result: toKept(result), error };
    this.#noted.push(noted);
    this.#length += toLength(noted);
    while (this.#noted.length > stepNotesBounds.stepsMax || this.#length > stepNotesBounds.textInAllMax) {
      const [oldest] = this.#noted.splice(0, 1);
      if (oldest === undefined) return;
      this.#length -= toLength(oldest);
    }
  }

  clear(): void {
    this.#noted = [];
    this.#length = 0;
  }

  /** Oldest first. */
  read(): readonly MadeStep[] {
    return this.#noted.map(({ tool, args, result, error }) => ({
      tool,
      args: parse(args),
      result: toLearnedResult(parse(result)),
      error,
    }));
  }
}

const toKept = (text: string) => (text.length > stepNotesBounds.textMax ? '' : text);
const toLength = ({ tool, args, result }: Noted) => tool.length + args.length + result.length;

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
