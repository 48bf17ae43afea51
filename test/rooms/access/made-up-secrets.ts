/** Made-up secrets, put together at run time, so that no scanner takes a file for a leak. */
const join = (...parts: string[]): string => parts.join('');
export const jwt = join(
  'eyJ',
  'hbGciOiJIUzI1NiJ9',
  '.',
  'eyJ',
  'zdWIiOiIxMjM0NTY3ODkwIn0',
  '.',
  'dozjgNryP4J3jVmNHl0w5N',
);
export const canaries: Record<string, string> = {
  jwt,
  aws: join('AK', 'IA', 'IOSFODNN7EXAMPLE'),
  github: join('gh', 'p_', 'a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8'),
  githubFine: join('github', '_pat_', '11ABCDEFG0abcdefghijkl_0123456789'),
  gitlab: join('gl', 'pat-', 'aBcDeFgHiJ1234567890'),
  slack: join('xo', 'xb-', '123456789012-abcdefGHIJKL'),
  stripe: join('sk', '_live_', '4eC39HqLyjWDarjtT1zdp7dc'),
  stripeRestricted: join('rk', '_live_', '4eC39HqLyjWDarjtT1zdp7dc'),
  ai: join('sk', '-ant-', 'api03-abcdefghijklmnop0123456789'),
  google: join('AI', 'za', 'SyA1234567890abcdefghijklmnopqrstuv'),
  npm: join('np', 'm_', 'a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8'),
  pem: join('-----BEGIN RSA ', 'PRIVATE KEY-----\nMIIEow\nIBAAK\n-----END RSA ', 'PRIVATE KEY-----'),
};
