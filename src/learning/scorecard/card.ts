/**
 * A scorecard: what was learned from one part of a history, asked about the other part, beside the baselines that learned
 * from the same. The benchmark and `drey backtest` both make theirs here, with the functions that serve agents.
 */
import type { LearnedSop } from '../../../machines/words/sops.ts';
import { type Bin, Reliability } from './averages.ts';
import { teachBigram, teachMostFrequent, teachNearest } from './baselines.ts';
import { isAskable, type Sample } from './samples.ts';
import { scoreBindings, scoreNextSteps, scoreProcedures, type Scores } from './scores.ts';
import { type System, teachDrey } from './system.ts';

export interface CardOptions {
  readonly namespace: string;
  /** Episodes that next steps and arguments are asked for. */
  readonly stepsOf: number;
  /** Hears that procedures are derived, before next steps are learned. */
  readonly derived?: () => void;
}

export interface Card {
  readonly system: System;
  readonly sops: readonly LearnedSop[];
  readonly scores: Scores;
  readonly baselines: {
    readonly mostFrequent: Scores;
    readonly nearest: Scores;
    readonly bigram: Scores;
  };
  readonly reliability: { readonly procedures: readonly Bin[]; readonly nextSteps: readonly Bin[] };
}

/** Learns from `taught`, asks about `heldOut`. Baselines learn from what went well; Drey is given everything. */
export function toCard(taught: readonly Sample[], heldOut: readonly Sample[], options: CardOptions): Card {
  const wins = taught.filter((sample) => isAskable(sample, false));
  const { system, sops } = teachDrey(taught, options);
  const few = heldOut.slice(0, options.stepsOf);
  const [procedures, nextSteps] = [new Reliability(), new Reliability()];
  return {
    system,
    sops,
    scores: {
      ...scoreProcedures(system, heldOut, procedures),
      ...scoreNextSteps(system, few, nextSteps),
      ...scoreBindings(system, few),
    },
    baselines: {
      mostFrequent: scoreProcedures(teachMostFrequent(wins), heldOut),
      nearest: scoreProcedures(teachNearest(wins), heldOut),
      bigram: scoreNextSteps(teachBigram(wins), few),
    },
    reliability: { procedures: procedures.bins, nextSteps: nextSteps.bins },
  };
}
