/** Levels of MCP's log messages, from the most to the least talkative. */
export const logLevels = [
  'debug',
  'info',
  'notice',
  'warning',
  'error',
  'critical',
  'alert',
  'emergency',
] as const;

/** How far down the list a level is; -1 for what is none. */
export function toLogRank(level: unknown): number {
  return logLevels.findIndex((one) => one === level);
}
