/**
 * What secrets look like inside text. Every expression is linear: it starts at a literal, and what it repeats either
 * is bounded or is consumed by the match. `hint` is a piece of text without which the expression cannot match.
 */

export interface SecretPattern {
  readonly kind: string;
  readonly hint: RegExp;
  /** Group 1, where there is one, stays; the last group is the secret. */
  readonly expression: RegExp;
}

/** What is never taken for a value: a token of ours, a reference to a variable, a type's name. */
const notAValue =
  '(?!\\[redacted:|[$<{%*]|(?:string|number|boolean|true|false|null|undefined|none|any|required|optional)(?![\\w-]))';
const value = `${notAValue}([^\\s"'\`&;,<>(){}|\\\\]{4,})`;
const quote = `(?:\\\\{0,3}["'])?`;
const assigned = `${quote}\\s{0,3}[=:]\\s{0,3}${quote}`;
const names =
  'pass(?:word|wd|phrase)|pwd|client[_-]?secret|secret[_-]?(?:access[_-]?)?key|secret|api[_-]?key|access[_-]?key|private[_-]?key|' +
  '(?:access|auth|refresh|session|security|id|bearer|api|bot|app)[_-]?token|(?<![a-z])token|(?<=_)token|x-amz-signature|x-amz-credential';
const scheme = '(?:basic|bearer|digest|token|apikey|negotiate)';

/** In the order in which they are tried: the precise before the general. */
export const secretPatterns: readonly SecretPattern[] = [
  {
    kind: 'pem',
    hint: /-----BEGIN /,
    expression: /-----BEGIN [A-Z0-9 ]{1,60}-----[^]*?(?:-----END [A-Z0-9 ]{1,60}-----|$)/g,
  },
  {
    kind: 'jwt',
    hint: /eyJ/,
    expression: /(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{6,}(?:\.[A-Za-z0-9_-]*){2,8}/g,
  },
  { kind: 'aws', hint: /A[KS]IA/, expression: /(?<![A-Z0-9])A[KS]IA[A-Z0-9]{16}(?![A-Z0-9])/g },
  { kind: 'github', hint: /gh[pousr]_/, expression: /gh[pousr]_[A-Za-z0-9]{30,}/g },
  { kind: 'github', hint: /github_pat_/, expression: /github_pat_[A-Za-z0-9_]{22,}/g },
  {
    kind: 'gitlab',
    hint: /gl[a-z]{2,5}-/,
    expression: /(?<![A-Za-z0-9])gl(?:pat|dt|rt|ptt|oas|cbt|ft|soat|agent)-[A-Za-z0-9_-]{20,}/g,
  },
  { kind: 'slack', hint: /xox[a-z]-|xapp-/, expression: /(?:xox[abceoprs]|xapp)-[A-Za-z0-9-]{10,}/g },
  {
    kind: 'slack',
    hint: /hooks\.slack\.com/,
    expression: /(hooks\.slack\.com\/services\/)([A-Za-z0-9/]{20,})/g,
  },
  {
    kind: 'stripe',
    hint: /_live_|_test_|whsec_/,
    expression: /(?:(?:sk|rk)_(?:live|test)|whsec)_[A-Za-z0-9]{10,}/g,
  },
  { kind: 'ai', hint: /sk-/, expression: /(?<![A-Za-z0-9])sk-(?=[A-Za-z_-]{0,80}[0-9])[A-Za-z0-9_-]{20,}/g },
  { kind: 'google', hint: /AIza/, expression: /AIza[A-Za-z0-9_-]{35}/g },
  { kind: 'google', hint: /ya29\.|GOCSPX-/, expression: /(?:ya29\.|GOCSPX-)[A-Za-z0-9_-]{20,}/g },
  { kind: 'npm', hint: /npm_/, expression: /npm_[A-Za-z0-9]{36,}/g },
  { kind: 'pypi', hint: /pypi-/, expression: /pypi-[A-Za-z0-9_-]{50,}/g },
  { kind: 'huggingface', hint: /hf_/, expression: /(?<![A-Za-z0-9])hf_[A-Za-z0-9]{30,}/g },
  { kind: 'sendgrid', hint: /SG\./, expression: /SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}/g },
  { kind: 'digitalocean', hint: /do[opr]_v1_/, expression: /do[opr]_v1_[a-f0-9]{32,}/g },
  {
    kind: 'url',
    hint: /:\/\//,
    expression: /(:\/\/[^\s/:@"'<>]{0,128}:)(?!\[redacted:)([^\s/"'<>]{1,256})(?=@)/g,
  },
  {
    kind: 'basic',
    hint: /basic/i,
    expression: /(\bbasic\s{1,4})(?=[A-Za-z+/]{0,200}[0-9+/=])([A-Za-z0-9+/]{8,}={0,2})/gi,
  },
  {
    kind: 'bearer',
    hint: /bearer/i,
    expression: /(\bbearer\s{1,4})(?=[A-Za-z._~+/-]{0,200}[0-9=])([A-Za-z0-9._~+/=-]{12,})/gi,
  },
  {
    kind: 'secret',
    hint: /authorization/i,
    expression: new RegExp(`(authorization${assigned}(?:${scheme}\\s{1,4})?)(?!${scheme}\\s)${value}`, 'gi'),
  },
  {
    kind: 'secret',
    hint: /cookie/i,
    expression: new RegExp(
      `((?:set-)?cookie${quote}\\s{0,3}:\\s{0,3}${quote})(?!\\[redacted:)([^\\r\\n"'\\\\]{4,})`,
      'gi',
    ),
  },
  {
    kind: 'secret',
    hint: /--/,
    expression: new RegExp(
      `(--(?:password|passwd|pass|token|secret|api-?key|access-?token|auth-?token|client-?secret)[ =]\\s{0,3}["']?)${value}`,
      'gi',
    ),
  },
  {
    kind: 'secret',
    hint: /-u|--user/,
    expression:
      /((?<![\w-])(?:-u|--user)[ =]\s{0,3}["']?[^\s:"']{1,64}:)(?!\[redacted:|[$<{%*/])([^\s"'@/]{3,})/g,
  },
  { kind: 'secret', hint: /[=:]/, expression: new RegExp(`((?:${names})${assigned})${value}`, 'gi') },
];

const exactHints =
  '-----BEGIN |eyJ|AKIA|ASIA|ghp_|gho_|ghu_|ghs_|ghr_|github_pat_|xox|xapp-|hooks.slack|_live_|_test_|whsec_|sk-|AIza|' +
  'ya29.|GOCSPX-|npm_|pypi-|hf_|SG.|_v1_|://';
const wordHints =
  'basic|bearer|authorization|cookie|pass|pwd|secret|token|key|credential|otp|cvv|cvc|jwt|x-amz-|-u |-u=|--user';
const exact = exactHints.split('|');
const words = wordHints.split('|');
const gitlab = /gl[a-z]{2,6}-/;
const short = new RegExp(`${exactHints.replaceAll('.', '\\.')}|${gitlab.source}|${wordHints}`, 'i');
/** Up to here one expression is quicker than many searches. */
const shortCharacters = 60;

/** One look that tells whether any pattern or secret name can match at all: most text holds nothing of interest. */
export function isSuspicious(text: string): boolean {
  if (text.length <= shortCharacters) return short.test(text);
  if (exact.some((hint) => text.includes(hint)) || gitlab.test(text)) return true;
  const lower = text.toLowerCase();
  return words.some((hint) => lower.includes(hint));
}
