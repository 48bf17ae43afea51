/**
 * One look that tells whether any pattern or secret name can match at all. Most text holds nothing of interest, and it
 * is on the path of every call: each character is read once, by its code. What is called harmless here must really be
 * left alone by every pattern.
 */
import { isDisguised } from './skeleton.ts';
import { toldNouns } from './told-nouns.ts';

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
const isAscii = (text: string): boolean => /^[\0-\x7f]*$/.test(text);
/** Those that hold a shorter one of `words` are found by it. */
const told = toldNouns.filter(
  (noun) => isAscii(noun) && !words.split('|').some((word) => noun.includes(word)),
);
/** Letters of which the two cases do not differ in a bit. */
const foreignNouns = new RegExp(toldNouns.filter((noun) => !isAscii(noun)).join('|'), 'i');

interface Hint {
  readonly codes: readonly number[];
  /** Bits that are the same for all spellings. */
  readonly mask: number;
}

/** By the five low bits of three characters, which are the same in upper and lower case. */
const hints: (Hint[] | undefined)[] = Array.from({ length: 32 ** 3 });

function toKey(text: string): number {
  return [0, 1, 2].reduce((key, at) => (key << 5) | (text.charCodeAt(at) & 31), 0);
}

for (const [list, mask] of [
  [exact, 0xffff],
  [[words, ...told].join('|'), 0xffdf],
] as const) {
  for (const text of list.split('|')) {
    const codes = Array.from(text, (character) => character.charCodeAt(0) & mask);
    (hints[toKey(text)] ??= []).push({ codes, mask });
  }
}

const digit = 1;
const lower = 2;
const upper = 4;
/** `+`, `/`, `_`, `-` and nothing else of a run. */
const joint = 8;
const hexadecimal = 16;
const colon = 32;
/** What may be an escape: `%`, `\`, `&`. */
const escape = 64;
/** No address is without it. */
const sure = 128;
/** Of no class of ASCII. */
const foreign = 256;
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
    (character === ':' ? colon : 0) |
    (/[%\\&]/.test(character) ? escape : 0) |
    (character === '@' ? sure : 0)
  );
});

/** Eight digits with a few signs between them can be somebody's number. */
const digits = /\d(?:[ ./()+",-]{0,3}\d){7}/;
/** Colons with a few hexadecimal digits between them, as in addresses; a time has two. */
const colons = /::|:[0-9A-Fa-f]{1,4}:[0-9A-Fa-f]{1,4}:/;
/** A run that may be wrapped text or made by chance. */
const runMin = 16;

/** True where a closer look is needed. */
export function isSuspicious(text: string): boolean {
  const { length } = text;
  let key = 0;
  let kinds = 0;
  let runStart = 0;
  let lastOther = -1;
  let seen = 0;
  for (let index = 0; index < length; index += 1) {
    const code = text.charCodeAt(index);
    key = ((key << 5) | (code & 31)) & 32_767;
    const found = hints[key];
    if (found !== undefined && isHint(text, index - 2, found)) return true;
    const kind = code < 128 ? (classes[code] as number) : escape | foreign;
    seen |= kind;
    if ((kind & hexadecimal) === 0) lastOther = index;
    else if (index - lastOther > runMin) return true;
    if ((kind & inRun) === 0) {
      runStart = index + 1;
      kinds = 0;
      continue;
    }
    kinds |= kind;
    if (index - runStart >= runMin - 1 && (kinds & cases) === cases) return true;
  }
  return isFormed(text, seen);
}

/** Numbers, addresses and disguises, where there are characters of theirs at all. */
function isFormed(text: string, seen: number): boolean {
  return (
    (seen & sure) !== 0 ||
    ((seen & digit) !== 0 && digits.test(text)) ||
    ((seen & colon) !== 0 && colons.test(text)) ||
    ((seen & foreign) !== 0 && foreignNouns.test(text)) ||
    ((seen & escape) !== 0 && isDisguised(text))
  );
}

function isHint(text: string, place: number, found: readonly Hint[]): boolean {
  for (const { codes, mask } of found) {
    let same = 0;
    while (same < codes.length && (text.charCodeAt(place + same) & mask) === codes[same]) same += 1;
    if (same === codes.length) return true;
  }
  return false;
}
