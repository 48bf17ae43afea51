/**
 * A result of the 2026 era that asks the client for input. A client of that era gets it as it is and calls again; a client
 * of the older era is asked by requests, and the call is made again with its answers.
 */
import type { Asker, RawJson } from '../../machines/words/calls.ts';
import { DreyError } from '../../machines/words/errors.ts';
import type { StopSignal } from '../../machines/words/stop.ts';
import { answerDepthMax } from './frame.ts';
import { toObject } from './request-error.ts';
import { sliceMembers } from './slice.ts';

/** Times one call may ask. */
export const inputRoundsMax = 10;
/** Questions in one result. */
const questionsMax = 32;

/** True for a result that asks for input. Most results are told apart without slicing. */
export function isInputRequired(result: RawJson): boolean {
  if (!result.includes('input_required')) return false;
  return sliceMembers(result, ['resultType'], answerDepthMax).resultType === '"input_required"';
}

/** True for a client that takes such results: it says with each request that it speaks 2026-07-28. */
export function takesInputRequired(meta: RawJson | undefined): boolean {
  return meta?.includes('"io.modelcontextprotocol/protocolVersion"') === true;
}

/** Asks the client; gives back the members with which the call is made again. Throws where it does not answer. */
export async function collectInputs(
  result: RawJson,
  asker: Asker,
  signal: StopSignal,
): Promise<readonly RawJson[]> {
  const { inputRequests, requestState } = sliceMembers(
    result,
    ['inputRequests', 'requestState'],
    answerDepthMax,
  );
  const questions = Object.entries(toObject(inputRequests === undefined ? {} : JSON.parse(inputRequests)));
  if (questions.length > questionsMax)
    throw new DreyError('upstream_failed', `it asks for more than ${questionsMax} things at once`);
  const answers = await Promise.all(
    questions.map(async ([key, question]) => {
      const { method, params } = toObject(question);
      const answer = await asker.ask({ method: String(method), params, signal });
      if (answer.kind === 'error') {
        const { code, message } = answer;
        const why = `its question "${String(method)}" was not answered: ${message}`;
        throw new DreyError('upstream_failed', why, { details: { error: { code, message } } });
      }
      return [key, answer.result] as const;
    }),
  );
  const responses = JSON.stringify(Object.fromEntries(answers));
  return [
    ...(answers.length === 0 ? [] : [`"inputResponses":${responses}`]),
    ...(requestState === undefined ? [] : [`"requestState":${requestState}`]),
  ];
}
