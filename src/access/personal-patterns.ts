/**
 * What belongs to a person and is known by its form: addresses, accounts, cards and numbers. Where a form alone would
 * hit order numbers and times as well, a checksum or a plan of numbers decides. Every expression is bounded.
 */
import type { SecretPattern } from './secret-patterns.ts';

const digitsOf = (text: string): string => text.replace(/\D/g, '');

/** A digit before or behind would make it another number. */
const alone = '(?<![\\w.#$-])';
const ended = '(?![\\w#-])';

export const personalPatterns: readonly SecretPattern[] = [
  {
    kind: 'email',
    hint: /@/,
    // The user of a version control server is nobody; what follows a colon there is a path.
    expression:
      /(?<![\w.%+@/:-])(?!(?:git|hg|svn)@)[A-Za-z0-9_%+][\w.%+'-]{0,63}@(?:[A-Za-z0-9-]{1,63}\.){1,6}[A-Za-z]{2,24}(?![\w@-])/g,
    canonical: (text) => text.toLowerCase(),
  },
  {
    kind: 'iban',
    hint: /[A-Za-z]{2}\d{2}/,
    expression:
      /(?<![A-Za-z0-9])[A-Za-z]{2}\d{2}(?:[ -]?[A-Za-z0-9]{4}){2,7}(?:[ -]?[A-Za-z0-9]{1,3})?(?![A-Za-z0-9])/g,
    check: isIban,
    canonical: (text) => text.replace(/[ -]/g, '').toUpperCase(),
  },
  {
    kind: 'card',
    hint: /\d[ .-]?\d[ .-]?\d[ .-]?\d/,
    expression: new RegExp(
      `${alone}\\d{4}(?:[ .-]?\\d{4}){2}[ .-]?\\d{1,7}${ended}|${alone}\\d{4}[ .-]?\\d{6}[ .-]?\\d{4,5}${ended}`,
      'g',
    ),
    check: isCard,
    canonical: digitsOf,
  },
  {
    kind: 'ssn',
    hint: /\d-\d\d-\d/,
    expression: /(?<![\w.-])(?!000|666|9)\d{3}-(?!00)\d\d-(?!0000)\d{4}(?![\w-])/g,
    canonical: digitsOf,
  },
  {
    kind: 'phone',
    hint: /\d/,
    expression:
      /(?<![\w.+-])\+[1-9]\d{0,3}(?:[ ./-]?\(?\d{1,5}\)?){2,5}(?![\w-])|(?<![\w.+(-])(?:1[ .-])?\([2-9]\d\d\) ?[2-9]\d\d[ .-]\d{4}(?![\w-])|(?<![\w.+-])(?:1[ .-])?[2-9]\d\d(?:-[2-9]\d\d-|\.[2-9]\d\d\.)\d{4}(?![\w.-])/g,
    check: (text) => {
      const digits = digitsOf(text);
      return digits.length >= 8 && digits.length <= 15;
    },
    canonical: digitsOf,
  },
  {
    kind: 'ipv6',
    hint: /:[0-9A-Fa-f]{0,4}:/,
    expression: /(?<![\w:.])(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4}(?![\w:])/g,
    check: isAddress,
    canonical: (text) => text.toLowerCase(),
  },
];

/** The remainder that every IBAN has. */
function isIban(text: string): boolean {
  const plain = text.replace(/[ -]/g, '').toUpperCase();
  if (plain.length < 15 || plain.length > 34) return false;
  let rest = 0;
  for (const character of plain.slice(4) + plain.slice(0, 4)) {
    const value = Number.parseInt(character, 36);
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97;
  }
  return rest === 1;
}

/** The beginnings and lengths that issuers of cards use, and Luhn's sum. */
const issued =
  /^(?:4\d{12}(?:\d{3}){0,2}|5[1-5]\d{14}|2(?:2[2-9]|[3-6]\d|7[01])\d{13}|2720\d{12}|3[47]\d{13}|3(?:0[0-5]|[689]\d)\d{11,16}|6(?:011|4[4-9]\d|5\d\d)\d{12}|35\d{14}|62\d{14,17})$/;

/** True for digits that can be a payment card's. */
export function isCard(text: string): boolean {
  const digits = digitsOf(text);
  if (!issued.test(digits) || /^(\d)\1+$/.test(digits)) return false;
  let sum = 0;
  for (let at = 0; at < digits.length; at += 1) {
    const digit = Number(digits.charAt(digits.length - 1 - at));
    const doubled = at % 2 === 0 ? digit : digit * 2;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}

/** An address of somebody's: eight groups, or fewer around one `::`; not a time, a MAC, or the machine itself. */
function isAddress(text: string): boolean {
  const halves = text.split('::');
  if (halves.length > 2) return false;
  const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')));
  if (groups.includes('') || groups.some((group) => group.length > 4)) return false;
  if (halves.length === 1) return groups.length === 8 && groups.some((group) => group.length > 2);
  return (
    groups.length >= 3 && groups.length <= 7 && /\d/.test(text) && groups.some((group) => group.length > 2)
  );
}
