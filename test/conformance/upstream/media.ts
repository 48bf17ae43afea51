/** The smallest picture and the smallest sound that are well-formed: a red pixel and two silent samples. */

export const pixelPng =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==';

export const silenceWav = Buffer.from(
  `${hex('RIFF')}28000000${hex('WAVEfmt ')}1000000001000100401f0000803e000002001000${hex('data')}0400000000000000`,
  'hex',
).toString('base64');

function hex(text: string): string {
  return Buffer.from(text, 'latin1').toString('hex');
}
