/** What makes a part, and the named maximum of everything that is kept or walked through to find it. */
export const partBounds = {
  /** Steps of a part. */
  stepsMin: 3,
  stepsMax: 6,
  /** Different procedures that go through it: such as differ in their required steps. */
  proceduresMin: 3,
  /** Distinct tasks (wordings, numbers aside) in which these were done that way. */
  tasksMin: 3,
  /** Required steps of one procedure that are looked at. */
  lineMax: 20,
  /** Tasks that one procedure stands for. */
  tasksOfOneMax: 8,
  /** Procedures whose tasks prove a part, by lot; more where these are too few tasks. */
  parentsReadMax: 24,
  /** Procedures named as those that refer to a part. */
  partOfMax: 20,
  nameMax: 120,
} as const;
