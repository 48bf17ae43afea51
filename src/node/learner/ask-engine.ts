/** How the learning engines are, asked over the bus: they may run anywhere, and each knows its own part. */
import { isComplete, joinReports, learningAddress } from '../../actors/actors.ts';
import type { EngineReport } from '../../actors/actors.ts';
import type { Answer, Wire } from '../../wire/wire.ts';

const askMs = 500;

/** Asks the engines, wherever they run, and puts together what they say; null when nobody answers in time. */
export async function askEngine(wire: Pick<Wire, 'askAll'>): Promise<EngineReport | null> {
  const report = await askEngines(wire);
  // What one hands to another between their two answers is in neither: nothing is left only where it was so before as well.
  return report?.behind === 0 && report.learners > 1 ? askEngines(wire) : report;
}

async function askEngines(wire: Pick<Wire, 'askAll'>): Promise<EngineReport | null> {
  // Our own engines answer in our own words.
  const toReports = (answers: readonly Answer[]): readonly EngineReport[] =>
    answers.flatMap((one) => ('data' in one ? (one.data as EngineReport) : []));
  try {
    const answers = await wire.askAll(learningAddress, 'status', undefined, {
      timeoutMs: askMs,
      isEnough: (sofar) => isComplete(toReports(sofar)),
    });
    return joinReports(toReports(answers)) ?? null;
  } catch {
    return null;
  }
}
