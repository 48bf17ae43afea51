/**
 * Learning's door. Pure and deterministic: symbol, clean, group, align, bind, score, rank. It knows no database, no bus
 * and no clock, and must never put into a SOP what it did not see an agent do.
 */
export { judgeEpisode, type Verdict } from './clean.ts';
export { fillArguments, type TakenStep, toArguments, toPaths } from './fill.ts';
export { createLearner, type Fault, type Learner, type LearnerOptions, type LearnerSize } from './learner.ts';
export {
  bindArguments,
  finish,
  foresee,
  isModel,
  arrange,
  isStrange,
  judge,
  readModel,
  recall,
  toModel,
  train,
  type Learned,
  type SeenStep,
  type Foresight,
  toSymbolName,
} from './foresight/foresight.ts';
export type { KeptStep } from './foresight/tailor.ts';
export { narrow, type Narrowed } from './narrow.ts';
export { createPackedIndex, type PackedIndex, type PackedSop } from './packed-index.ts';
export { createIndex, rank, ranking, type RankedSop, type RankQuery, type SopIndex } from './rank.ts';
export type { ServedSop } from './sop-index.ts';
export { bar as servingBar } from './score.ts';
export { backtest, type Backtest, backtestBounds } from './scorecard/history.ts';
export { toCard } from './scorecard/card.ts';
export type { Bin } from './scorecard/averages.ts';
export type { Sample } from './scorecard/samples.ts';
export type { Scores } from './scorecard/scores.ts';
export type { System } from './scorecard/system.ts';
export { toWholeWord } from './whole-words.ts';
export { createPatternBook, type PatternBook } from './patterns/book.ts';
export { matchPatterns, type MatchedPattern, type Moment, type OfferedPattern } from './patterns/match.ts';
