/** Times and amounts as people read them. */

const steps = [
  { unit: 'd', seconds: 86_400 },
  { unit: 'h', seconds: 3_600 },
  { unit: 'min', seconds: 60 },
] as const;

/** `3 d 4 h`, `12 min`, `8 s`: the two largest units. */
export function toDurationText(seconds: number): string {
  if (!Number.isFinite(seconds) || seconds < 0) return '?';
  const at = steps.findIndex((step) => seconds >= step.seconds);
  const step = steps[at];
  if (step === undefined) return `${Math.round(seconds)} s`;
  const whole = Math.floor(seconds / step.seconds);
  const rest = seconds - whole * step.seconds;
  const next = steps[at + 1];
  const small = next === undefined ? 0 : Math.floor(rest / next.seconds);
  return small === 0 || next === undefined
    ? `${whole} ${step.unit}`
    : `${whole} ${step.unit} ${small} ${next.unit}`;
}

/** `12,345`. */
export function toCountText(count: number): string {
  return Math.round(count).toLocaleString('en-US');
}

/** `1 call`, `2 calls`. */
export function toPlural(count: number, word: string): string {
  return `${toCountText(count)} ${word}${count === 1 ? '' : 's'}`;
}

/** `4.2 MB`. */
export function toSizeText(sizeBytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let size = sizeBytes;
  let at = 0;
  for (; size >= 1_000 && at < units.length - 1; at += 1) size /= 1_000;
  return `${at === 0 || size >= 100 ? Math.round(size) : size.toFixed(1)} ${units[at] ?? ''}`;
}
