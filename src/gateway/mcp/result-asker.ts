/**
 * A client of 2026-07-28 as one of our own tools asks it: nothing can be requested of it, so a question becomes the call's
 * result, and the answer comes with the call when it is made again. What it is about travels along; nothing is kept here.
 */
import type { Asker, ClientAnswer, Question, RawJson } from '../../../machines/words/calls.ts';
import type { AskingRound } from '../tools/tool.ts';
import { isRecord } from './parse-message.ts';
import type { CallRun } from './raw-call.ts';

export interface ResultAsker {
  readonly asker: Asker;
  readonly round: AskingRound;
  /** The result that asks; undefined where nothing was asked. */
  toResult(): RawJson | undefined;
}

const capabilitiesKey = 'io.modelcontextprotocol/clientCapabilities';
/** A call asks one thing at a time. */
const key = 'run';
/** Characters of a state that came back: it is ours, and short. */
const stateCharsMax = 1_000;
const notYet = { kind: 'error', code: -32_603, message: 'the client is asked by the result' } as const;

/** Undefined for a client of the older era, which is asked by requests. */
export function createResultAsker({ call, era, session }: CallRun): ResultAsker | undefined {
  if (era !== 'modern') return undefined;
  const meta = toRecord(call.meta);
  const capabilities = meta[capabilitiesKey];
  const { inputResponses, requestState } = toRecord(
    call.inputs === undefined ? undefined : `{${call.inputs.join(',')}}`,
  );
  const isState = typeof requestState === 'string' && requestState.length <= stateCharsMax;
  // An answer that has lost what it was about would count for whatever is offered now.
  let answer = isState && isRecord(inputResponses) ? inputResponses[key] : undefined;
  let asked: Question | undefined;
  let kept = '';
  return {
    asker: {
      session: session.id,
      capabilities: isRecord(capabilities) ? capabilities : undefined,
      ask: (question): Promise<ClientAnswer> => {
        const result = answer;
        answer = undefined;
        if (result !== undefined) return Promise.resolve({ kind: 'result', result });
        asked = question;
        return Promise.resolve(notYet);
      },
    },
    round: { state: isState ? requestState : undefined, keep: (state) => void (kept = state) },
    toResult: () => {
      if (asked === undefined) return undefined;
      const { method, params } = asked;
      const inputRequests = { [key]: { method, params } };
      return JSON.stringify({ resultType: 'input_required', inputRequests, requestState: kept });
    },
  };
}

function toRecord(raw: RawJson | undefined): Readonly<Record<string, unknown>> {
  const parsed: unknown = raw === undefined ? {} : JSON.parse(raw);
  return isRecord(parsed) ? parsed : {};
}
