/**
 * Which names stand for secrets, however they are written: `API_KEY`, `apiKey`, `api-key`. Names of things about a
 * secret (`secret_name`, `password_policy`) and places in a list (`next_page_token`) are not secrets: learning needs
 * them.
 */

/** A name that contains one of these is a secret's, unless its last word says that it is about one. */
const anywhere = ['password', 'passwd', 'passphrase', 'secret', 'privatekey', 'apikey', 'credential'];
/** A name that ends with one of these is a secret's. */
const atTheEnd = [
  'pwd',
  'accesskey',
  'secretkey',
  'signingkey',
  'encryptionkey',
  'masterkey',
  'sshkey',
  'accesskeyid',
];
const whole = new Set([
  'authorization',
  'proxyauthorization',
  'cookie',
  'cookies',
  'setcookie',
  'otp',
  'cvv',
  'cvc',
  'jwt',
]);
const aboutWords = new Set(
  'name names id ids arn path version versions type hint policy length count url file field expiry label store manager'.split(
    ' ',
  ),
);
/** `page_token` and its like say where in a list one is. */
const placeWords = new Set(
  'page next previous prev continuation continue cursor sync progress cancellation'.split(' '),
);

const namesMax = 4_000;
const nameCharactersMax = 100;

/** Tells secret names; remembers the names it has seen, up to a maximum. */
export function createNameTest(extra: readonly string[] = []): (name: string) => boolean {
  const more = new Set(extra.map((name) => toWords(name).join('')));
  const seen = new Map<string, boolean>();
  return (name) => {
    if (name.length > nameCharactersMax) return false;
    const known = seen.get(name);
    if (known !== undefined) return known;
    const found = more.has(toWords(name).join('')) || isSecretName(name);
    if (seen.size >= namesMax) seen.clear();
    seen.set(name, found);
    return found;
  };
}

/** Whether a name alone says that its value is a secret. */
export function isSecretName(name: string): boolean {
  const words = toWords(name);
  const joined = words.join('');
  const last = words.at(-1) ?? '';
  if (whole.has(joined) || last === 'cookie' || last === 'authorization') return true;
  if (joined.endsWith('token')) return !placeWords.has(words.at(-2) ?? '');
  if (atTheEnd.some((ending) => joined.endsWith(ending))) return true;
  return !aboutWords.has(last) && anywhere.some((part) => joined.includes(part));
}

function toWords(name: string): string[] {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '');
}
