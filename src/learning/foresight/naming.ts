/**
 * Names calls by the argument keys that a namespace has learned: `gh__issue` with `action: close` is a symbol of its own, as
 * is a program of a shell-like tool. What was kept of past calls and what an agent tells of its own go through the same
 * hands, so that both have the same names; it learns no key itself.
 */
import { type ArgumentKey, toChoices } from '../keys/choices.ts';
import type { BindingCase } from './binding-book.ts';
import type { BindingState, StateCall } from './binding-state.ts';
import { hashText, mix } from './hashing.ts';
import type { KeptStep, KeptTrace, Trace, TraceStep } from './traces.ts';

/** What gives calls their names. */
export interface Naming {
  readonly keys: readonly ArgumentKey[];
  /** The argument whose word is part of this symbol; undefined where none is. */
  keyOf(this: void, tool: string, word: string): string | undefined;
  /** Steps, or a trace with its cases, as these keys name them; what they say nothing of stays as it is. */
  steps(this: void, steps: readonly KeptStep[]): readonly TraceStep[];
  trace(this: void, trace: KeptTrace): Trace;
  call(this: void, call: StateCall): StateCall;
}

/** A symbol: the tool and, on the last line, what it does there; that has one line, tools may be called anything. */
export const toSymbolText = (tool: string, program: string) => `${tool}\n${program}`;

/** The words that a call chose, each with its key, as numbers; a symbol that has a program says enough. */
export function toChoiceMarks(symbol: string, args: unknown): readonly number[] {
  if (!symbol.endsWith('\n') || typeof args !== 'object' || args === null) return none;
  const choices = toChoices(args, { program: '', keys: Object.keys(args).sort() });
  return choices.length === 0 ? none : choices.map(([key, word]) => toChoiceMark(key, word));
}

const none: readonly never[] = [];
const toChoiceMark = (key: string, word: string) => hashText(`${key}\n${word}`);

/** Equal for equal lines of calls: the wording of those who state no task. */
export const toCallsWording = (steps: readonly { readonly symbol: string }[]) =>
  hashText(`@${steps.map(({ symbol }) => symbol).join('\n')}`);

interface NamedKey {
  readonly key: string;
  readonly words: ReadonlySet<unknown>;
  /** Words by what is kept of them. */
  readonly byMark: ReadonlyMap<number, string>;
}

/** Names by these keys. */
export function createNaming(keys: readonly ArgumentKey[]): Naming {
  const known = new Map(
    keys.map(({ tool, key, words }): [string, NamedKey] => [
      tool,
      { key, words: new Set(words), byMark: new Map(words.map((word) => [toChoiceMark(key, word), word])) },
    ]),
  );

  function name(step: KeptStep): TraceStep {
    if (step.choices.length === 0) return step;
    const tool = step.symbol.slice(0, -1);
    const byMark = known.get(tool)?.byMark;
    const mark = step.choices.find((choice) => byMark?.has(choice) === true);
    const word = mark === undefined ? undefined : byMark?.get(mark);
    if (word === undefined) return step;
    const salt = hashText(word);
    return {
      symbol: toSymbolText(tool, word),
      marks: step.marks.map((each) => mix(each, salt)),
      unused: step.unused,
    };
  }
  /** The same list where nothing is named. */
  function steps(all: readonly KeptStep[]): readonly TraceStep[] {
    if (known.size === 0) return all;
    const named = all.map(name);
    return named.every((step, at) => step === all[at]) ? all : named;
  }
  function call(made: StateCall): StateCall {
    const own = known.get(made.tool);
    const word = own && made.args.find(({ path }) => path === own.key)?.value;
    if (own === undefined || !own.words.has(word)) return made;
    return { ...made, tool: toSymbolText(made.tool, String(word)) };
  }
  return {
    keys,
    keyOf(tool, word) {
      const own = known.get(tool);
      return own?.words.has(word) === true ? own.key : undefined;
    },
    steps,
    trace(kept) {
      const named = steps(kept.steps);
      if (named === kept.steps) return kept;
      const wording = kept.stated ? kept.wording : toCallsWording(named);
      return { ...kept, wording, steps: named, cases: nameCases(kept.cases, call) };
    },
    call,
  };
}

/** Cases of one episode share their calls, and go on doing so. */
function nameCases(
  cases: readonly BindingCase[],
  name: (call: StateCall) => StateCall,
): readonly BindingCase[] {
  const known = new Map<StateCall, StateCall>();
  const nameOnce = (call: StateCall): StateCall => {
    const named = known.get(call) ?? name(call);
    known.set(call, named);
    return named;
  };
  const nameState = (state: BindingState) => ({ ...state, calls: state.calls.map(nameOnce) });
  return cases.map((one) => {
    const { tool } = name({ tool: one.plain, args: one.args, results: [] });
    const word = tool === one.plain ? '' : tool.slice(one.plain.length + 1);
    return { ...one, tool, word, state: nameState(one.state) };
  });
}
