/**
 * Forty kinds of what must not be kept, made up, and the ways in which they hide. They are put together at run time, so
 * that no scanner takes this file for a leak.
 */

/** A planted value: what is sent, and the pieces of it that may be found nowhere. */
export interface Canary {
  readonly kind: string;
  /** As part of a text or as a value. */
  readonly sent: unknown;
  readonly traces: readonly string[];
}

const join = (...parts: string[]): string => parts.join('');
const plain = (kind: string, sent: string, ...traces: string[]): Canary => ({
  kind,
  sent,
  traces: traces.length > 0 ? traces : [sent],
});
const named = (kind: string, name: string, value: string): Canary => ({
  kind,
  sent: { [name]: value },
  traces: [value],
});

const aws = join('AK', 'IA', 'QX7PLMN4RTZ5WKDV');
const github = join('gh', 'p_', 'zQ8xW2vN5mK1jH7gF4dS9aL3pO6iU0yT2rEw');
const stripe = join('sk', '_live_', '9fJ2kQ7wXz4LmN8pR1tV6yBd');
const jwt = join(
  'eyJ',
  'hbGciOiJIUzI1NiJ9',
  '.',
  'eyJ',
  'zdWIiOiJjYW5hcnkifQ',
  '.',
  'Qm9vVGhpc0lzTm90UmVhbA',
);
const card = '4539578763621486';
const fullWidth = (text: string): string =>
  Array.from(text, (character) => String.fromCodePoint((character.codePointAt(0) ?? 0) + 0xfee0)).join('');
const arabic = (digits: string): string =>
  Array.from(digits, (digit) => String.fromCodePoint(0x660 + Number(digit))).join('');
const base64 = (text: string): string => Buffer.from(text).toString('base64');
const base64url = (text: string): string => Buffer.from(text).toString('base64url');
const percent = (text: string): string =>
  Array.from(Buffer.from(text), (byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
const pem = join(
  '-----BEGIN RSA ',
  'PRIVATE KEY-----\nMIIEcanaryKEYbodyQ7\nIBAAKcanaryTWO\n-----END RSA ',
  'PRIVATE KEY-----',
);

/** One of each kind. */
export const canaries: readonly Canary[] = [
  plain('aws access key', aws),
  named('aws secret key', 'aws_secret_access_key', 'wJalrCANARYtnFEMIK7MDENGbPxRfiCYzz'),
  plain('github token', github),
  plain('github fine-grained token', join('github', '_pat_', '11CANARY0abcdefghijkl_0123456789zz')),
  plain('gitlab token', join('gl', 'pat-', 'cAnArYgHiJ1234567890')),
  plain('slack token', join('xo', 'xb-', '998877665544-canaryGHIJKL')),
  plain(
    'slack webhook',
    'https://hooks.slack.com/services/T0CANARY/B0CANARY/abcdefCANARYghijkl',
    'abcdefCANARYghijkl',
  ),
  plain('stripe key', stripe),
  plain('openai-like key', join('sk', '-proj-', 'canary0123456789abcdefghij')),
  plain('google key', join('AI', 'za', 'SyCANARY0abcdefghijklmnopqrstuvwxyz1')),
  plain('npm token', join('np', 'm_', 'caNaRy3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8')),
  plain('sendgrid key', join('SG', '.', 'canary0123456789abcd', '.', 'canaryabcdefghijklmnop0123456789')),
  plain('telegram token', join('7712345678:', 'AA', 'CanaryCanaryCanaryCanaryCanary012')),
  plain('jwt', jwt),
  plain('pem', pem, 'MIIEcanaryKEYbodyQ7', 'IBAAKcanaryTWO'),
  plain('database url', 'postgres://app:canaryPw77@db.example.com/x', 'canaryPw77'),
  plain('mongodb url', 'mongodb+srv://root:canaryMongo8@cluster.example.net', 'canaryMongo8'),
  plain('connection string', 'Server=db;User Id=sa;Password=canaryConn9!;Encrypt=yes', 'canaryConn9!'),
  plain(
    'storage account key',
    `AccountName=x;AccountKey=${base64('canary storage account key 0001')};`,
    base64('canary storage account key 0001'),
  ),
  plain('basic auth in a url', 'https://bob:canaryBasic5@host.example.com/a', 'canaryBasic5'),
  plain(
    'token in a query',
    'https://host.example.com/a?access_token=canaryQuery0123456',
    'canaryQuery0123456',
  ),
  plain('basic header', `Authorization: Basic ${base64('bob:canaryHeader1')}`, base64('bob:canaryHeader1')),
  plain('bearer header', 'Authorization: Bearer canaryBearer0123456789', 'canaryBearer0123456789'),
  plain('cookie', 'Cookie: sid=canarycookie31d4d96e', 'canarycookie31d4d96e'),
  named('password', 'password', 'correct-canary-staple'),
  plain('password in words', 'my password is canaryWords7!', 'canaryWords7'),
  named('header of an api', 'x-api-key', 'canary-api-key-value'),
  plain('e-mail', 'canary.person@example.org'),
  plain('iban', 'GB29 NWBK 6016 1331 9268 19', 'NWBK 6016 1331', '6016 1331 9268'),
  plain('card', card),
  plain('card with blanks', '5425 2334 3010 9903', '2334 3010'),
  plain('phone', '+44 20 7946 0958', '7946 0958'),
  plain('social security number', '512-73-9264'),
  plain('ipv6', '2001:db8:85a3:8d3:1319:8a2e:370:7348'),
  plain('base64 of a key', base64(`key=${aws}`)),
  plain('base64url of a key', base64url(`{"k":"${github}"}`)),
  plain('percent-encoded', percent(stripe), percent(stripe).slice(30, 90)),
  plain('full-width digits', fullWidth(card), fullWidth(card)),
  plain('other digits', arabic('4532015112830366')),
  plain('zero width between', Array.from(aws).join('\u200b'), Array.from(aws).join('\u200b')),
  {
    kind: 'split over two fields',
    sent: { part_one: aws.slice(0, 9), part_two: aws.slice(9) },
    traces: [aws.slice(9)],
  },
  {
    kind: 'in nested json',
    sent: JSON.stringify({ a: JSON.stringify({ token: 'canaryNested42' }) }),
    traces: ['canaryNested42'],
  },
];
