/**
 * Which words of a sentence about a secret can be the secret itself, and which are said of it. In doubt a word is none: what
 * is hidden is lost for good.
 */

export const letter = '[A-Za-zÀ-ɏЀ-ӿ]';

/** Words that make a sentence of what follows; none of them is in a passphrase. */
export const fillers =
  'an?|the|is|are|was|be|been|not|no|and|or|but|if|then|so|too?|of|for|in|on|at|by|with|from|as|its?|you|your|we|they|i|my|this|that|must|should|can|will|has|have|when|please|' +
  'der|die|das|eine?|ist|und|oder|nicht|kein|zu|mit|von|für|auf|im|les?|la|une?|est|et|ou|pas|de|du|des|el|los|es|y|en|con|por|il|lo|non|per|het|een|niet|van|op';
/** What is said of a secret in a word. */
export const states =
  'required|optional|(?:in)?valid|wrong|incorrect|missing|empty|blank|(?:un)?set|null|none|undefined|expired|weak|strong|changed|reset|hidden|stored|kept|' +
  'encrypted|hashed|protected|unknown|needed|mandatory|confidential|falsch|richtig|leer|erforderlich|abgelaufen|ungültig|incorrect[ao]|requise?';
export const isFiller = new RegExp(`(?<!${letter})(?:${fillers})(?!${letter})`, 'i');
export const isState = new RegExp(`^(?:${states}|correct|right)(?!${letter})`, 'i');

/** Sizes, dates and times, names of methods, versions, files, places, and of what holds a secret. */
const ordinary = [
  '\\d{1,3}(?:-\\d+)?-?(?:%|[a-z]{1,2})',
  '\\d{1,6}(?:-\\d+)?-?(?:bits?|bytes?|chars?|characters?|digits?|letters?|words?|days?|hours?|hrs?|minutes?|mins?|seconds?|secs?|weeks?|months?|years?|stellig)(?:-.*)?',
  '\\d{1,2}-\\d{1,2}',
  '\\d{4}-\\d\\d-\\d\\d.*',
  '\\d{1,2}:\\d\\d.*',
  '(?:sha-?\\d|md5|argon2|bcrypt|scrypt|pbkdf2|base\\d|aes-?\\d|rsa-?\\d|utf-?\\d|oauth\\d?|v\\d).*',
  '(?:rs|hs|es|ps|rfc|p)-?\\d{3,4}|e[dx]?25519|x25519|x\\.?509',
  '(?:us|eu|ap|sa|ca|me|af)-[a-z]+-\\d',
  '.*-(?:based|encoded|signed|compatible|compliant|only|scoped|bound|specific|like|aware|formatted|hashed|encrypted|protected|safe|independent|capable|backed|generated|issued)',
  '(?:process\\.env|os\\.environ|env|secrets?|vars?|kv|vault|ssm|arn)[./:].*',
  '.*:\\/\\/.*',
  '.*\\.(?:json|ya?ml|toml|txt|md|env|pem|[jt]sx?|py|go|rs|java|sh|ini|cfg|conf)',
  ".*[’']s",
].join('|');
const isOrdinary = new RegExp(`^(?:${ordinary})$`, 'i');
/** The name of a variable of the environment. */
const isVariable = /^(?:[A-Z0-9]+_)+(?:KEY|TOKEN|SECRET|PASSWORD|PASS|PWD|ID|NAME|FILE|PATH|URL)(?:_\d+)?$/;
const joinedWords = new RegExp(`^${letter}+(?:[-_.]${letter}+){3,}$`);

/** Whether a word of a sentence looks like none. */
export function isNoWord(told: string): boolean {
  const core = told.replace(/[!?.:]+$/, '');
  if (core.length < 4 || isOrdinary.test(core) || isVariable.test(core)) return false;
  // Words joined as generators do it, and no sentence ("out-of-the-box").
  return /[\d!@#$%^*]/.test(core) || (joinedWords.test(core) && !isFiller.test(core));
}

/** What people do with a passphrase. */
const deeds =
  'add|ask|change|check|choose|create|drop|enter|fix|generate|get|give|handle|hide|keep|load|make|prompt|put|read|refuse|reject|remove|rotate|save|see|send|show|store|tell|type|update|use|validate|verify';
const prose =
  'after|also|because|before|during|each|every|here|last|long|never|only|since|there|today|tomorrow|until|using|very|week|when|where|which|while|who|words?|yesterday';
const isSaid = new RegExp(
  `^(?:${deeds}|${letter}{4,}ed)(?!${letter})|(?<!${letter})(?:${prose})(?!${letter})`,
  'i',
);

/** Whether words are a sentence about a passphrase rather than one. */
export function isProse(words: string): boolean {
  return isSaid.test(words);
}
