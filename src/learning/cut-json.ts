/** JSON that was cut in the middle, as long results are: what stands there whole is read, the rest is left out. */

const signs = /"(?:[^"\\]|\\.)*(?:"|$)|[{}[\],]/gs;
const closings: Readonly<Record<string, string>> = { '{': '}', '[': ']' };

/** The object or list that a cut text begins; undefined where it begins none. */
export function readCutJson(text: string): object | undefined {
  const open: string[] = [];
  /** Where the text may end, and what closes it there. */
  let end = 0;
  let closing = '';
  for (const { 0: sign, index } of text.matchAll(signs)) {
    const opened = closings[sign];
    if (opened !== undefined) open.push(opened);
    if (opened !== undefined || sign.startsWith('"')) continue;
    if (sign !== ',') open.pop();
    end = sign === ',' ? index : index + 1;
    closing = open.toReversed().join('');
  }
  if (end === 0) return undefined;
  try {
    const parsed: unknown = JSON.parse(text.slice(0, end) + closing);
    return typeof parsed === 'object' && parsed !== null ? parsed : undefined;
  } catch {
    return undefined;
  }
}
