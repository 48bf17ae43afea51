/**
 * What secrets look like inside text, by what stands before them. Every expression is linear: it starts at a literal,
 * and what it repeats either is bounded or is consumed by the match. `hint` is a piece of text without which the
 * expression cannot match.
 */

import { toWords } from './secret-names.ts';
import { toldNouns } from './told-nouns.ts';
import { createToldPatterns } from './told-secrets.ts';

export interface SecretPattern {
  readonly kind: string;
  readonly hint: RegExp;
  /** Group 1, where there are two, stays; the last group is the secret. */
  readonly expression: RegExp;
  /** Decides where the form alone does not. */
  readonly check?: (secret: string, before: string) => boolean;
  /** One spelling for all spellings of the same. */
  readonly canonical?: (secret: string) => string;
}

/** What is never taken for a value: a token of ours, a reference to a variable, a type's name. */
const notAValue =
  '(?!\\[redacted:|[$<{%*]|(?:string|number|boolean|true|false|null|undefined|none|any|required|optional)(?![\\w-]))';
const value = `${notAValue}([^\\s"'\`&;,<>(){}|\\\\]{4,})`;
const quote = `(?:\\\\{0,3}["'])?`;
const assigned = `${quote}\\s{0,3}[=:]\\s{0,3}${quote}`;
const names =
  'pass(?:word|wd|phrase|code)|pwd|client[_-]?secret|secret[_-]?(?:access[_-]?)?key|secret|api[_-]?key|access[_-]?key|private[_-]?key|' +
  'account[_-]?key|shared[_-]?access[_-]?(?:key|signature)|(?:php|j|asp)sess(?:ion)?id|connect\\.sid|' +
  '(?:access|auth|refresh|session|security|id|bearer|api|bot|app)[_-]?token|(?<![a-z])token|(?<=_)token|x-amz-signature|x-amz-credential';
/** A piece of each of these, without which none of them is there. */
const namesHint = 'pass[cpw]|pwd|[a-z][_-]?key|secret|token|access[_-]?sig|sess|t\\.sid|x-amz';
const scheme = '(?:basic|bearer|digest|token|apikey|negotiate)';

const escapeText = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** Further names are read with any sign, or none, between their words. */
function toFurther(extra: readonly string[]): string[] {
  return extra
    .map((name) => toWords(name).map(escapeText).join('[^A-Za-z0-9]{0,2}'))
    .filter((name) => name !== '');
}

/** Whether a text speaks of one of these names; undefined where there are none. */
export function toNamesExpression(extra: readonly string[]): RegExp | undefined {
  const further = toFurther(extra);
  return further.length === 0 ? undefined : new RegExp(further.join('|'), 'i');
}

/** Behind words and signs that are always the same. */
const fixedPatterns: readonly SecretPattern[] = [
  {
    kind: 'url',
    hint: /:\/\//,
    expression: /(:\/\/[^\s/:@"'<>]{0,128}:)(?!\[redacted:)([^\s/"'<>]{1,256})(?=@)/g,
  },
  {
    kind: 'url',
    hint: /:\/\//,
    expression: /(:\/\/)(?!\[redacted:|[$<{%*])([^\s/:@"'<>]{16,256})(?=@)/g,
  },
  {
    kind: 'secret',
    hint: /[?&]/,
    expression:
      /([?&](?:sig|signature|key|code|auth|sid|jwt|otp)=)(?!\[redacted:|[$<{%*])([^\s"'&;,<>(){}|\\]{16,})/gi,
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
      `((?:set-)?cookie${quote}\\s{0,3}[:=]\\s{0,3}${quote})(?!\\[redacted:)([^\\r\\n"'\\\\]{4,})`,
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
    hint: /-u/,
    expression:
      /((?<![\w-])(?:-u|--user)[ =]\s{0,3}["']?[^\s:"']{1,64}:)(?!\[redacted:|[$<{%*/])([^\s"'@/]{3,})/g,
  },
];

/** In the order in which they are tried: the precise before the general. */
export function createContextPatterns(extraNames: readonly string[]): readonly SecretPattern[] {
  const further = toFurther(extraNames);
  const all = [...further, names].join('|');
  const speaks = new RegExp([...further, ...toldNouns, namesHint].join('|'), 'i');
  return [
    ...fixedPatterns,
    ...createToldPatterns(all, speaks),
    {
      // In quotes a value may hold anything, blanks as well.
      kind: 'secret',
      hint: speaks,
      expression: new RegExp(
        `((?:${all})\\\\{0,3}["']\\s{0,3}[=:]\\s{0,3}\\\\{0,3}["'])${notAValue}([^"'\\\\\\r\\n]{1,2048})(?=\\\\{0,3}["'])`,
        'gi',
      ),
    },
    { kind: 'secret', hint: speaks, expression: new RegExp(`((?:${all})${assigned})${value}`, 'gi') },
  ];
}
