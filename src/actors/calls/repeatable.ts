/**
 * What may be tried again: reading and listing always, a tool only when the person who configured the upstream says
 * that it is idempotent. An upstream's own annotations are not asked: it would be judging itself.
 */

/** Requests that change nothing. */
const readingMethods: ReadonlySet<string> = new Set([
  'completion/complete',
  'initialize',
  'ping',
  'prompts/get',
  'prompts/list',
  'resources/list',
  'resources/read',
  'resources/templates/list',
  'server/discover',
  'skills/get',
  'skills/list',
  'tools/list',
]);

/** Whether doing it twice is as good as once; `idempotent` are tool names of the upstream's entry, `*` matches any text. */
export function isRepeatable(
  method: string,
  tool: string | undefined,
  idempotent: readonly string[],
): boolean {
  if (method !== 'tools/call') return readingMethods.has(method);
  return tool !== undefined && idempotent.some((pattern) => isMatch(pattern, tool));
}

/** Without regular expressions: a pattern with many stars must not take for ever. */
function isMatch(pattern: string, name: string): boolean {
  const [head = '', ...parts] = pattern.split('*');
  if (parts.length === 0) return pattern === name;
  const tail = parts.pop() ?? '';
  if (name.length < head.length + tail.length || !name.startsWith(head) || !name.endsWith(tail)) return false;
  const end = name.length - tail.length;
  let from = head.length;
  for (const part of parts) {
    const at = name.indexOf(part, from);
    if (at === -1 || at + part.length > end) return false;
    from = at + part.length;
  }
  return true;
}
