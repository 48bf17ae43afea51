/**
 * Backtests of choosing: tasks that were held back are asked about, what would have been chosen is compared with what
 * was done. That says how neighbours and words are best weighed, and how far a choice may be believed.
 */
import { likeness, setF1 } from '../likeness.ts';
import { type CalibrationExample, type Curve, fitCurve } from './calibration.ts';
import {
  Chooser,
  choosingBounds,
  type ChoosingSettings,
  firstChoosing,
  type Question,
  toTool,
} from './choosing.ts';
import type { Interned } from '../likeness.ts';
import { type Documents, toDocuments } from './documents.ts';
import type { Knowledge, Weighed } from './knowledge.ts';
import { learnPresence, type Presence, type ToolUse } from './presence.ts';

/** What backtests found. */
export interface Choosing {
  readonly settings: ChoosingSettings;
  readonly curve: Curve;
}

/** Held back, and how it came out under one way of weighing. */
export interface Trial extends CalibrationExample {
  readonly setting: number;
  /** 0 to 1: how well it did, the order of steps included; by this the settings are chosen. */
  readonly worth: number;
}

const powers = [2, 4, 8] as const;
const shares = [0.2, 0.4, 0.6] as const;
const grid: readonly ChoosingSettings[] = powers.flatMap((power) =>
  shares.map((words) => ({ power, words })),
);
/** By so much another way must do better than the first one before it is taken: less is chance. */
const clearGain = 0.01;
/** Held-back tasks of one fold that are tried. */
const triedMax = 150;

/** The tools of documents. */
export function toToolUses({ all }: Documents, symbols: readonly string[]): ToolUse[] {
  return all.map(({ features, uses }) => {
    const tools = new Map<string, number>();
    for (const [at, share] of uses) {
      const tool = toTool(symbols[at] ?? '\n');
      tools.set(tool, Math.max(share, tools.get(tool) ?? 0));
    }
    return { features, uses: tools };
  });
}

/** Learns which tools words ask for. */
export function learnWanted({ documents, symbols }: Knowledge): Generator<undefined, Presence> {
  return learnPresence(documents, toToolUses(documents, symbols));
}

/** Tries held-back tasks of one fold under every way of weighing. */
export function* tryFold(knowledge: Knowledge, held: readonly Weighed[]): Generator<undefined, Trial[]> {
  const presence = yield* learnWanted(knowledge);
  const chooser = new Chooser(knowledge, presence);
  const trials: Trial[] = [];
  const places = new Map<string, number>();
  const names: string[] = [];
  const placeOf = (symbol: string) => {
    const place = places.get(symbol) ?? names.length;
    if (place === names.length) names.push(symbol);
    places.set(symbol, place);
    return place;
  };
  const documents = yield* toDocuments(
    held.map(({ trace }) => trace),
    placeOf,
  );
  for (const document of documents.slice(0, triedMax)) {
    yield;
    const question = chooser.ask(document.features);
    if (question.near.length === 0) continue;
    const real = document.runs.map(({ symbols, weight }) => ({
      tools: symbols.map((at) => toTool(names[at] ?? '\n')),
      weight,
    }));
    const total = real.reduce((sum, { weight }) => sum + weight, 0) || 1;
    const weight = held.find(({ trace }) => trace === document.runs[0]?.trace)?.weight ?? 1;
    grid.forEach((settings, setting) => {
      const best = chooseLine(chooser, question, settings);
      if (best === undefined) return;
      const mean = (mark: (run: readonly string[]) => number) =>
        real.reduce((sum, run) => sum + run.weight * mark(run.tools), 0) / total;
      const score = mean((tools) => setF1(best.line.symbols, tools));
      const worth = mean((tools) => likeness(best.line.symbols, tools));
      trials.push({ fit: best.fit, score, worth, weight, setting });
    });
  }
  return trials;
}

function chooseLine(chooser: Chooser, question: Question, settings: ChoosingSettings) {
  const votes = chooser.votes(question, settings);
  let best: { readonly line: Interned; readonly fit: CalibrationExample['fit'] } | undefined;
  for (const line of [...votes.keys()].slice(0, choosingBounds.candidatesMax)) {
    const fit = chooser.fit(question, votes, line, settings);
    if (best === undefined || fit.expected > best.fit.expected) best = { line, fit };
  }
  return best;
}

/** The best way of weighing, and the curve for it. */
export function toChoosing(trials: readonly Trial[]): Choosing {
  const first = grid.findIndex(
    ({ power, words }) => power === firstChoosing.power && words === firstChoosing.words,
  );
  let best = { mean: -1, setting: first };
  grid.forEach((_, setting) => {
    let sum = 0;
    let weights = 0;
    for (const trial of trials) {
      if (trial.setting !== setting) continue;
      sum += trial.weight * trial.worth;
      weights += trial.weight;
    }
    const mean = weights === 0 ? -1 : sum / weights + (setting === first ? clearGain : 0);
    if (mean > best.mean + 1e-6) best = { mean, setting };
  });
  const settings = grid[best.setting] ?? firstChoosing;
  return { settings, curve: fitCurve(trials.filter(({ setting }) => setting === best.setting)) };
}
