/**
 * Other forms under which a word is found: without accents and vowel signs, without the endings (and Arabic articles) of its
 * script's languages, and Korean words as pairs of signs. Postgres' stems know English alone; these are cut by rule, never shown.
 */

/** A stem has at least so many letters; shorter ones meet by chance. */
const stemMin = 3;
const folding = /^[\p{sc=Latin}\p{sc=Cyrillic}\p{sc=Greek}\p{sc=Arabic}\p{sc=Hebrew}\p{M}\p{N}]+$/u;

interface Endings {
  readonly script: RegExp;
  readonly before?: RegExp;
  readonly behind: readonly RegExp[];
}

/** One of these, the longest first. */
const toEndings = (words: string): RegExp => {
  const longestFirst = words.split(' ').sort((a, b) => b.length - a.length);
  return new RegExp(`(?:${longestFirst.join('|')})$`, 'u');
};

const scripts: readonly Endings[] = [
  {
    script: /\p{sc=Cyrillic}/u,
    behind: [
      toEndings('ся сь'),
      toEndings(
        'иями ями ами ыми ими иях иям ием иеи ого его ому ему ои еи ии ыи ая яя ое ее ие ые ых их ую юю ою ею ах ях ам ям ом ем ' +
          'ов ев ия ию ье ья ью а я о е и ы у ю ь ить ать ять еть ают яют ает яет ует уют ила или ало ала али ил ал ит ят ут ют',
      ),
    ],
  },
  {
    script: /\p{sc=Greek}/u,
    behind: [toEndings('ουσ ματα ματοσ εισ εων ων οσ ου εσ ασ ησ ισ οι ον ην αν α η ο ι υ ε ω')],
  },
  {
    script: /\p{sc=Arabic}/u,
    before: /^(?:وال|بال|كال|فال|لل|ال)/u,
    behind: [toEndings('ها ات ان ون ين يه هم ه ي')],
  },
];

/** Forms of a word in small letters, itself not among them. */
export function toForms(word: string): readonly string[] {
  if (/^[\0-\x7f]*$/.test(word)) return [];
  if (/\p{sc=Hangul}/u.test(word)) return toPairs(word);
  if (!folding.test(word)) return [];
  const folded = fold(word);
  const found = scripts.find(({ script }) => script.test(folded));
  const forms = [folded, ...(found === undefined ? [] : [cut(folded, found)])];
  return forms.filter((form) => form !== word);
}

/** Every two signs that follow each other; one alone is nobody's word. */
export function toPairs(word: string): readonly string[] {
  const signs = Array.from(word);
  return signs.slice(1).map((one, at) => `${signs[at]}${one}`);
}

/** Without marks above and below; letters that are written this way and that are one. */
function fold(word: string): string {
  return word
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .replaceAll('ى', 'ي')
    .replaceAll('ة', 'ه')
    .replaceAll('ς', 'σ')
    .normalize('NFC');
}

function cut(word: string, { before, behind }: Endings): string {
  let stem = word;
  for (const part of before === undefined ? behind : [before, ...behind]) {
    const shorter = stem.replace(part, '');
    if (shorter.length >= stemMin) stem = shorter;
  }
  return stem;
}
