/**
 * One look that tells whether any pattern or secret name can match at all. Most text holds nothing of interest, and it
 * is on the path of every call: each character is read once, by its code. What is called harmless here must really be
 * left alone by every pattern.
 */
import { isDisguised } from './skeleton.ts';

/** Pieces of text without which no credential and no name of a secret can be there; upper case counts. */
const exact =
  '-----BEGIN |eyJ|AKIA|ASIA|ghp_|gho_|ghu_|ghs_|ghr_|github_pat_|xox|xapp-|hooks.slack|_live_|_test_|whsec_|sk-|AIza|' +
  'ya29.|GOCSPX-|npm_|pypi-|hf_|SG.|_v1_|://|glpat-|gldt-|glrt-|glptt-|gloas-|glcbt-|glft-|glsoat-|glagent-|AGE-SECRET|shpat|shpca|' +
  'shppa|shpss|sq0|dapi|lin_|ntn_|ATATT|dp.pt|dp.st|dp.ct|hvs.|hvb.|NRAK-|glc_|glsa_|figd_|dckr_|sbp_|pscale_|rubygems_|' +
  'xkeysib-|fm1_|fm2_|drey_|ctx_|:AA';
/** The same in any case. */
const words =
  'basic|bearer|authorization|cookie|pass|pwd|secret|token|key|credential|otp|cvv|cvc|pin|jwt|x-amz-|-u |-u=|--user|' +
  'signature|sessid|sessionid|.sid|code=|auth=|sig=|sid=|ssn|iban|phone|mobile|msisdn|card|pan|social|insurance';

/** By the five low bits of three characters, which are the same in upper and lower case. */
const hints = new Map<number, { readonly text: string; readonly isExact: boolean }[]>();
const first = new Uint8Array(32 * 32 * 32);

function toKey(one: number, two: number, three: number): number {
  return ((one & 31) << 10) | ((two & 31) << 5) | (three & 31);
}

for (const [text, isExact] of [
  ...exact.split('|').map((hint) => [hint, true] as const),
  ...words.split('|').map((hint) => [hint, false] as const),
]) {
  const key = toKey(text.charCodeAt(0), text.charCodeAt(1), text.charCodeAt(2));
  first[key] = 1;
  hints.set(key, [...(hints.get(key) ?? []), { text, isExact }]);
}

const digit = 1;
const lower = 2;
const upper = 4;
/** `+`, `/`, `_`, `-` and nothing else of a run. */
const joint = 8;
const hexadecimal = 16;
const between = 32;
/** What may be an escape: `%`, `\`, `&`. */
const escape = 64;
const inRun = digit | lower | upper | joint;
const cases = lower | upper;
/** By code, for ASCII. */
const classes = Uint8Array.from({ length: 128 }, (_, code) => {
  const character = String.fromCharCode(code);
  return (
    (/\d/.test(character) ? digit : 0) |
    (/[a-z]/.test(character) ? lower : 0) |
    (/[A-Z]/.test(character) ? upper : 0) |
    (/[+/_-]/.test(character) ? joint : 0) |
    (/[0-9A-Fa-f]/.test(character) ? hexadecimal : 0) |
    (/[ ./()+",-]/.test(character) ? between : 0) |
    (/[%\\&]/.test(character) ? escape : 0)
  );
});

/** Digits of a number that can be somebody's, and how many signs may stand between two of them. */
const digitsMin = 8;
const signsMax = 3;
/** A run that may be wrapped text or made by chance. */
const runMin = 16;
/** Colons with a few hexadecimal digits between them, as in addresses; a time has two. */
const colonsMin = 3;
const at = 64;
const colon = 58;

/** True where a closer look is needed. */
export function isSuspicious(text: string): boolean {
  const { length } = text;
  let key = 0;
  let kinds = 0;
  let runStart = 0;
  let lastOther = -1;
  let digits = 0;
  let lastDigit = -1;
  let colons = 0;
  let lastColon = -1;
  let mayEscape = false;
  for (let index = 0; index < length; index += 1) {
    const code = text.charCodeAt(index);
    key = ((key << 5) | (code & 31)) & 32_767;
    if (first[key] === 1 && index >= 2 && isHint(text, index - 2, key)) return true;
    const kind = code < 128 ? (classes[code] as number) : 0;
    if ((kind & hexadecimal) === 0) lastOther = index;
    else if (index - lastOther > runMin) return true;
    if ((kind & inRun) !== 0) {
      kinds |= kind;
      if (index - runStart >= runMin - 1 && (kinds & cases) === cases) return true;
      if ((kind & digit) === 0) continue;
      digits = index - lastDigit <= signsMax + 1 && isBetween(text, lastDigit, index) ? digits + 1 : 1;
      if (digits >= digitsMin) return true;
      lastDigit = index;
      continue;
    }
    runStart = index + 1;
    kinds = 0;
    if (code === at) return true;
    if (code >= 128 || (kind & escape) !== 0) mayEscape = true;
    if (code !== colon) continue;
    if (index > 0 && lastColon === index - 1) return true;
    // Between two colons stand hexadecimal digits only, a few of them.
    colons = lastColon >= 0 && index - lastColon <= 5 && isHexadecimal(text, lastColon, index) ? colons + 1 : 1;
    if (colons >= colonsMin) return true;
    lastColon = index;
  }
  return mayEscape && isDisguised(text);
}

function isBetween(text: string, from: number, to: number): boolean {
  for (let index = from + 1; index < to; index += 1) {
    if (((classes[text.charCodeAt(index)] ?? 0) & between) === 0) return false;
  }
  return from >= 0;
}

function isHexadecimal(text: string, from: number, to: number): boolean {
  for (let index = from + 1; index < to; index += 1) {
    if (((classes[text.charCodeAt(index)] ?? 0) & hexadecimal) === 0) return false;
  }
  return true;
}

function isHint(text: string, place: number, key: number): boolean {
  for (const { text: hint, isExact } of hints.get(key) ?? []) {
    if (text.startsWith(hint, place)) return true;
    if (!isExact && text.slice(place, place + hint.length).toLowerCase() === hint) return true;
  }
  return false;
}
