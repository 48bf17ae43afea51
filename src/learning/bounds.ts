/** The named maximum of everything learning keeps or walks through; whatever an episode holds, the work stays bounded. */
export const bounds = {
  /** Cases that a learner knows: beyond that half of all lots are let go. */
  casesMax: 300_000,
  /** Cases made anew, cases told, and clusters derived, before others get their turn. */
  renamedPerSlice: 500,
  toldPerSlice: 100,
  derivedPerSlice: 50,
  /** Calls of one episode that learning looks at. */
  callsMax: 300,
  /** Consecutive calls of one symbol that count; a longer run is a loop and teaches nothing more. */
  runMax: 3,
  /** Symbols of one sequence that are compared. */
  sequenceMax: 120,
  /** Terms taken from one text. */
  termsMax: 240,
  /** Argument leaves of one call. */
  argumentLeavesMax: 40,
  /** Result leaves of one call that later arguments may come from. */
  resultLeavesMax: 400,
  /** Paths of one result that are known to have been there. */
  pathsGivenMax: 40,
  /** Characters of one text in a result that are searched. */
  resultTextMax: 4_000,
  /** Nesting that is followed into arguments and results. */
  depthMax: 8,
  /** Sources remembered for one argument. */
  sourcesMax: 12,
  /** Occurrences of an episode's terms in clusters that are looked at to find those. */
  postingsMax: 10_000,
  /** Distinct terms by which a cluster is found. */
  clusterTermsMax: 2_000,
  /** Clusters an episode is compared with. */
  candidatesMax: 24,
  /** Distinct sequences of a cluster an episode is compared with, and main lines are chosen from. */
  sequencesComparedMax: 12,
  /** Successes, and failures, of one cluster that the steps of its procedure are read off. */
  membersMax: 160,
  /** Steps are read anew once so large a part of the successes is new (one in so many), and after so many at most. */
  readShare: 16,
  readStepMax: 16,
  /** Failed episodes that wait for a cluster of their task. */
  waitingFailuresMax: 200,
  /** Steps of one procedure. */
  stepsMax: 60,
  /** Distinct sequences of successes, and of failures, that requirements are read off. */
  requireSequencesMax: 200,
  /** Episodes whose arguments are compared to find bindings. */
  bindingEpisodesMax: 24,
  /** Calls named that speak against a binding. */
  exceptionsMax: 3,
  /** Arguments of one step. */
  argumentsMax: 30,
  /** Alternatives of one step. */
  alternativesMax: 4,
  /** Argument values that a task's text is searched for, and particulars kept of one text. */
  particularValuesMax: 120,
  particularsMax: 40,
  /** Wordings kept of one task. */
  wordingsMax: 48,
  /** Call ids that prove a procedure. */
  evidenceMax: 50,
  pitfallsMax: 20,
  /** Characters of a constant that may be promoted. */
  constantTextMax: 80,
  /** Characters of the wordings whose masked text and terms are remembered. */
  charsRemembered: 8_000_000,
  /** Remembered comparisons of two sequences. */
  likenessesMax: 200_000,
} as const;
